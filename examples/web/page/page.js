// The editor, the button and what is shown. Patches are checked here, by an engine of the page's own, so that the one that
// plays is only given what it can play.
import { controls } from "./controls.js";
import { Engine } from "./engine.js";
import { Sound, bytes, parsed } from "./sound.js";

const $ = (id) => document.getElementById(id);
const FLOOR = -60;
let code, checker, sound = null, facts = null, pending = null;

const rate = () => sound?.context.sampleRate ?? facts?.rate ?? 48000;
const state = (words) => { if ($("state").textContent !== words) $("state").textContent = words; };

// --- The patch ---

/** What the text is; mistakes are shown, and controls for a patch without. */
function check() {
  const verdict = parsed(checker.call("check", bytes($("patch").value), rate()));
  facts = verdict.good ?? facts;
  const { bad, good } = verdict;
  showMistakes((bad ?? good.warnings).mistakes);
  $("patch").setAttribute("aria-invalid", String(bad !== undefined));
  if (good) {
    $("controls").replaceChildren(...controls(good.nodes, set));
    const hidden = !good.hears;
    if ($("hearing").hidden !== hidden) {
      $("hearing").hidden = hidden;
      // What nobody can turn off is off.
      microphone();
    }
  }
  $("play").disabled = sound === null && bad !== undefined;
  return good;
}

async function edited() {
  const good = check();
  if (!good || !sound) return;
  const before = sound, verdict = await sound.load($("patch").value);
  if (sound !== before || verdict === null) return;
  if (verdict.bad) showMistakes(verdict.bad.mistakes);
  else state(`playing at ${rate()} Hz; loaded in ${before.took} ms${good.rate && good.rate !== rate() ? `; ${good.rate} Hz from the next start on` : ""}`);
}

function showMistakes(mistakes) {
  $("mistakes").replaceChildren(...mistakes.map(({ severity, line, column, message, help }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${line}:${column}`;
    button.setAttribute("aria-label", `Go to line ${line}, column ${column}`);
    button.onclick = () => goTo(line, column);
    const item = document.createElement("li");
    item.className = severity;
    item.append(button, ` ${severity}: ${message}${help ? ` (${help})` : ""}`);
    return item;
  }));
}

/** Columns count characters, the field counts UTF-16 units. */
function goTo(line, column) {
  const lines = $("patch").value.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  const at = before + [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length;
  $("patch").focus();
  $("patch").setSelectionRange(at, at);
}

async function set(node, parameter, value) {
  if (!sound) return "nothing plays: the slider has no effect yet";
  return (await sound.set(node, parameter, value)).wrong;
}

// --- The sound ---

async function play() {
  const good = check();
  if (!good) return;
  const context = new AudioContext(good.rate ? { sampleRate: good.rate } : {});
  try {
    sound = await Sound.start(context, code, $("patch").value, lost);
  } catch (error) {
    await context.close();
    throw error;
  }
  if (sound.verdict.bad) showMistakes(sound.verdict.bad.mistakes);
  $("play").textContent = "Stop";
  state(`playing at ${context.sampleRate} Hz`);
  check();
  await context.resume();
  look().catch(lost);
  await microphone();
}

async function stop() {
  const before = sound;
  sound = null;
  $("play").textContent = "Play";
  state("stopped");
  showLevels([0, 0]);
  $("readings").replaceChildren();
  await before.stop();
  check();
}

function failed(error) {
  state(`error: ${error.message ?? error}`);
}

/** The engine cannot go on: it begins anew when somebody asks for it. */
async function lost(error) {
  if (sound) await stop();
  failed(error);
}

async function microphone() {
  sound?.deafen();
  const wanted = $("microphone").checked && !$("hearing").hidden;
  if (!sound || !wanted) return;
  try { await sound.hear(); } catch (error) {
    $("microphone").checked = false;
    failed(error);
  }
}

// --- What is heard ---

async function look() {
  while (sound) {
    const before = sound, { peaks, readings } = await before.ask("look");
    if (sound !== before) return;
    showLevels(peaks);
    showReadings(readings);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

const db = (factor) => (factor > 0 ? 20 * Math.log10(factor) : -Infinity);
const dbfs = (level) => (level > FLOOR ? `${level.toFixed(1)} dBFS` : "silent");

function showLevels(peaks) {
  peaks.forEach((peak, channel) => {
    const meter = $(`level-${channel}`), level = db(peak);
    meter.value = Math.max(level, FLOOR);
    meter.textContent = dbfs(level);
    $(`level-${channel}-words`).textContent = dbfs(level);
  });
}

function showReadings(readings) {
  const lines = Object.entries(readings).flatMap(([node, all]) => all.map(({ name, unit, values }) => {
    const shown = values.map((value) => (value == null ? "–" : `${Number.isInteger(value) ? value : value.toFixed(1)} ${unit}`.trim()));
    return [`${node}, ${name.replaceAll("_", " ")}`, shown.join(", ")];
  }));
  $("readings").replaceChildren(...lines.flatMap(([name, shown]) => {
    const term = document.createElement("dt"), words = document.createElement("dd");
    term.textContent = name;
    words.textContent = shown;
    return [term, words];
  }));
}

// --- The beginning ---

async function begin() {
  code = await (await fetch("patchline_web.wasm")).arrayBuffer();
  checker = new Engine((await WebAssembly.instantiate(code)).instance);
  $("patch").oninput = () => {
    clearTimeout(pending);
    pending = setTimeout(() => edited().catch(failed), 150);
  };
  $("play").onclick = () => {
    $("play").disabled = true;
    (sound ? stop() : play()).catch(failed).finally(() => { $("play").disabled = false; });
  };
  $("microphone").onchange = () => microphone();
  showLevels([0, 0]);
  check();
  state("stopped");
}

begin().catch(failed);
