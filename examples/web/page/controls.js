// A control for each parameter, made of what the engine's registry says of it: name, kind, range, unit, documentation.
const FLOOR = -60;

/** How a slider goes: levels by decibels, frequencies by octaves, all else evenly. Where the registry has no range, levels go
    to full scale, frequencies as far as people hear, and all else has no slider; nor has what would start its node anew. */
function scale({ kind, law, unit, min, max, number }) {
  if (number == null || law === "rebuilds") return null;
  if (kind === "level") {
    const to = (factor) => (factor > 0 ? Math.max(20 * Math.log10(factor), FLOOR) : FLOOR);
    const value = (db) => (db <= FLOOR ? 0 : `${+db.toFixed(2)} dB`);
    const top = Math.max(max == null ? 0 : Math.min(to(max), 24), to(number));
    const words = (db) => (db <= FLOOR ? "silent" : `${(+db).toFixed(1)} dB`);
    const now = number > 0 ? `${(20 * Math.log10(number)).toFixed(1)} dB` : "silent";
    return { min: FLOOR, max: top, step: 0.5, to, value, words, now };
  }
  if (kind === "frequency") {
    const words = (octaves) => `${+(2 ** octaves).toPrecision(5)} Hz`;
    const ends = [Math.min(min || 20, number || 20), Math.max(max ?? 20000, number)].map(Math.log2);
    return { min: ends[0], max: ends[1], step: 1 / 48, to: Math.log2, value: words, words, now: words(Math.log2(number)) };
  }
  if (min == null || max == null) return null;
  const whole = kind.startsWith("whole number");
  if (whole && max - min > 4096) return null;
  const words = (value) => (unit === "s" ? `${+(1000 * value).toPrecision(4)} ms` : `${+(+value).toPrecision(4)}${unit ? ` ${unit}` : ""}`);
  const value = (given) => (unit === "s" ? words(given) : +(+given).toPrecision(6));
  return { min, max, step: whole ? 1 : (max - min) / 500, to: (given) => given, value, words, now: words(number) };
}

const element = (kind, properties, ...children) => {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...children);
  return made;
};

/** The field of a parameter; `change` is called with values as a patch would say them. */
function field(parameter, id, shown, change) {
  const { value, choices } = parameter;
  if (typeof value === "boolean") return element("input", { id, type: "checkbox", checked: value, onchange: (event) => change(event.target.checked) });
  if (choices.length > 0) {
    const options = choices.map((choice) => new Option(choice, choice, false, choice === value));
    return element("select", { id, onchange: (event) => change(event.target.value) }, ...options);
  }
  const scaled = scale(parameter);
  if (!scaled) {
    return element("input", { id, type: "text", value: String(value), spellcheck: false, onchange: (event) => change(read(event.target.value)) });
  }
  const { min, max, step, to } = scaled;
  const slider = element("input", { id, type: "range", min, max, step, value: to(parameter.number) });
  const show = (words) => {
    shown.textContent = words;
    slider.setAttribute("aria-valuetext", words);
  };
  slider.oninput = () => { show(scaled.words(slider.value)); change(scaled.value(+slider.value)); };
  // The slider stands at its nearest step.
  show(scaled.now);
  return slider;
}

/** What was typed: a number where it is one, else a text with a unit. */
const read = (typed) => (typed.trim() === "" || Number.isNaN(+typed) ? typed : +typed);

/** Numbers, switches and choices; no paths and lists. */
const isShown = ({ number, value, choices }) => number != null || typeof value === "boolean" || choices.length > 0;

function control(node, parameter, set) {
  const id = `${node.name}.${parameter.path}`;
  const shown = element("output", {}), wrong = element("p", { className: "wrong", hidden: true });
  wrong.setAttribute("role", "alert");
  shown.setAttribute("for", id);
  const input = field(parameter, id, shown, async (value) => {
    wrong.textContent = (await set(node.name, parameter.path, value)) ?? "";
    wrong.hidden = wrong.textContent === "";
  });
  const label = element("label", { htmlFor: id, textContent: parameter.path, title: parameter.doc.replaceAll("`", "") });
  const row = input.type === "range" ? [label, shown, input] : [label, input];
  return element("div", { className: "parameter" }, ...row, wrong);
}

/** All controls, a group for each node. `set(node, parameter, value)` resolves to what is wrong, or to null. */
export function controls(nodes, set) {
  return nodes.filter((node) => node.parameters.some(isShown)).map((node) => {
    const legend = element("legend", {}, element("strong", { textContent: node.name }), ` ${node.kind}`);
    return element("fieldset", {}, legend, ...node.parameters.filter(isShown).map((parameter) => control(node, parameter, set)));
  });
}
