"use strict";
// One page for a run: everything comes over the WebSocket of the port that the page came from.
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const FLOOR = -60;
let socket, number = 0, waiting = new Map(), token = new URLSearchParams(location.search).get("token");
let nodes = new Map(), graph = { nodes: [], links: [] }, chosen = null, boxes = new Map(), latest = {}, playing = "";
let inside = 148, past = [], rate = 48000, xruns = null, retry = 500, bypassed = new Set();

// --- The connection ---

function connect() {
  socket = new WebSocket(`ws://${location.host}/?token=${encodeURIComponent(token ?? "")}`);
  socket.onopen = async () => {
    retry = 500;
    await ask({ do: "subscribe", readings: "*", rate: 20, changes: true, events: true });
    await refresh();
    await takePatch();
    happened("connected");
  };
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = () => {
    for (const { reject } of waiting.values()) reject(new Error("the connection is gone"));
    waiting.clear();
    state("not connected: is it still playing?", "bad");
    setTimeout(connect, retry);
    retry = Math.min(2 * retry, 8000);
  };
}

function ask(request) {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== WebSocket.OPEN) return reject(new Error("there is no connection"));
    const id = ++number;
    waiting.set(id, { resolve, reject });
    socket.send(JSON.stringify({ id, ...request }));
  });
}

// Patches are looked at one after the other: what comes too soon is asked again.
async function askPatiently(request) {
  for (let left = 40; ; left--) {
    try { return await ask(request); } catch (error) {
      if (error.code !== "busy" || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }
}

function receive(message) {
  if (message.event === undefined) {
    const { resolve, reject } = waiting.get(message.id) ?? {};
    waiting.delete(message.id);
    if (message.ok) resolve?.(message.result);
    else reject?.(Object.assign(new Error(message.error.message), message.error));
    return;
  }
  switch (message.event) {
    case "readings": latest = message.values; requestAnimationFrame(drawLevels); break;
    case "changed": for (const [name, value] of Object.entries(message.values)) changed(name, value); break;
    case "loaded": happened(`another patch plays from frame ${message.frame} on`); refresh(); takePatch(); break;
    case "scene": happened(`scene ${message.name}`); break;
    case "xruns": happened(`${message.xruns} xruns by now`, "bad"); break;
    case "device": happened(message.away ? "the device is gone; it is waited for" : "the device is back", message.away ? "bad" : "good"); break;
  }
}

async function refresh() {
  const [list, drawn, scenes] = await Promise.all([ask({ do: "list" }), ask({ do: "graph" }), ask({ do: "scenes" })]);
  nodes = new Map(list.nodes.map((node) => [node.name, node]));
  graph = drawn;
  bypassed = new Set(list.nodes.filter((node) => node.parameters.some((p) => p.name === "bypass" && p.value === true)).map((node) => node.name));
  drawGraph();
  if (!nodes.has(chosen)) chosen = null;
  choose(chosen ?? preferred());
  drawScenes(scenes.scenes);
}

// --- What goes on ---

function state(words, kind) { $("state").textContent = words; $("state").className = kind ?? ""; }

function happened(words, kind) {
  const item = document.createElement("p");
  item.textContent = `${new Date().toLocaleTimeString()} ${words}`;
  item.className = kind ?? "";
  $("events").prepend(item);
  while ($("events").children.length > 100) $("events").lastChild.remove();
}

function facts(list, pairs) {
  while (list.children.length > pairs.length) list.lastChild.remove();
  pairs.forEach(([name, value, kind], index) => {
    let pair = list.children[index];
    if (!pair) {
      pair = document.createElement("div");
      pair.append(document.createElement("dt"), document.createElement("dd"));
      list.append(pair);
    }
    if (pair.firstChild.textContent !== name) pair.firstChild.textContent = name;
    if (pair.lastChild.textContent !== value) pair.lastChild.textContent = value;
    pair.lastChild.className = kind ?? "";
  });
}

const percent = (part) => (part == null ? "–" : `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`);
const db = (value) => (value == null ? "–" : `${value >= 0 ? "+" : ""}${value.toFixed(1)} dBFS`);
function clock(frames, rate) {
  const seconds = frames / rate, pad = (value) => String(Math.floor(value)).padStart(2, "0");
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${pad(seconds / 60 % 60)}:${pad(seconds % 60)}` : `${Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
}

async function pulse() {
  try {
    const stats = await ask({ do: "stats" });
    $("patch").textContent = stats.patch;
    document.title = `${stats.patch} – Patchline`;
    const plays = stats.state === "playing";
    if ($("state").textContent !== stats.state) state(stats.state, plays ? "good" : "care");
    const load = stats.load_mean;
    rate = stats.sample_rate;
    facts($("facts"), [
      ["time", clock(stats.frames, stats.sample_rate)],
      ["load", percent(load), load > 0.8 ? "bad" : load > 0.5 ? "care" : "good"],
      ["xruns", String(stats.xruns), stats.xruns > 0 ? "bad" : "good"],
      ["latency", `${stats.latency.total_ms.toFixed(2)} ms`],
    ]);
    facts($("statistics"), [
      ["rate", `${stats.sample_rate} Hz`],
      ["block", `${stats.block_frames} frames`],
      ["worst load", percent(stats.load_worst)],
      ["frames lost", String(stats.frames_lost)],
      ["in, graph, out", [stats.latency.input_frames, stats.latency.graph_frames, stats.latency.output_frames].map((part) => part ?? "–").join(" + ") + " frames"],
    ]);
    past.push([load ?? 0, xruns !== null && stats.xruns > xruns]);
    xruns = stats.xruns;
    if (past.length > 240) past.shift();
    drawLoad();
    drawCalls(await ask({ do: "flight" }));
  } catch { /* It is said where the connection ends. */ }
}

// The flight recorder: heights are parts of the block's time, and what took longer than that is marked.
function drawCalls({ step_ms, longest, xruns }) {
  const bars = longest.map((part, index) => (part == null ? "" : `M${index} 60V${(60 - 60 * Math.min(part, 1)).toFixed(2)}h1V60z`)).join("");
  const late = longest.flatMap((part, index) => (part > 1 ? [`<rect x="${index}" y="0" width="1" height="60"/>`] : []));
  $("calls").innerHTML = `<path d="${bars}"/>${late.join("")}`;
  const words = `longest call ${percent(longest.reduce((most, part) => Math.max(most, part ?? 0), 0))} of its block's time; ${xruns.length} ${xruns.length === 1 ? "xrun" : "xruns"}`;
  $("calls").setAttribute("aria-label", `The longest call of each ${step_ms} ms: ${words}`);
  $("calls-note").textContent = words;
  $("xruns").replaceChildren(...xruns.slice(-5).map(({ seconds_ago, text }) => Object.assign(document.createElement("li"), { textContent: `${seconds_ago.toFixed(1)} s ago: ${text}` })));
}

function drawLoad() {
  const bars = past.map(([load], index) => `M${index} 60V${60 - 60 * Math.min(load, 1)}h1V60z`).join("");
  const marks = past.flatMap(([, xrun], index) => (xrun ? [`<rect x="${index}" y="0" width="1" height="60"/>`] : []));
  $("load").innerHTML = `<path d="${bars}"/>${marks.join("")}`;
  $("load").setAttribute("aria-label", `The load of the last ${past.length} seconds: ${percent(past.at(-1)?.[0])} now, ${percent(Math.max(...past.map(([load]) => load)))} at most`);
}

// --- The graph ---

function make(kind, attributes, parent) {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent?.append(element);
  return element;
}

const channelsOf = (name) => nodes.get(name)?.readings.find((reading) => reading.name === "peak" && reading.unit === "dBFS")?.values ?? 0;
const heightOf = (name) => 46 + 12 * channelsOf(name);

// Each node in the column after the last one that it hears; in a column, near those.
function layout(down) {
  const index = new Map(graph.nodes.map((node, place) => [node.name, place]));
  const column = new Array(graph.nodes.length).fill(0), heard = graph.nodes.map(() => []), ahead = graph.nodes.map(() => []);
  const open = new Array(graph.nodes.length).fill(0);
  for (const link of graph.links) {
    if (link.feedback) continue;
    const [from, to] = [index.get(link.from), index.get(link.to)];
    ahead[from].push(to); heard[to].push(from); open[to]++;
  }
  const ready = open.flatMap((count, node) => (count === 0 ? [node] : []));
  for (let next = 0; next < ready.length; next++) {
    for (const to of ahead[ready[next]]) {
      column[to] = Math.max(column[to], column[ready[next]] + 1);
      if (--open[to] === 0) ready.push(to);
    }
  }
  const columns = [];
  for (const node of ready) (columns[column[node]] ??= []).push(node);
  const place = new Array(graph.nodes.length);
  let along = 16, across = 0;
  // As narrow and as close as the page is, but for the words in a box and the channels between.
  const all = $("graph").clientWidth - 42, least = down ? 14 : 34;
  const fit = Math.max(1, Math.floor((all + least) / (136 + least)));
  const beside = down ? Math.min(fit, Math.max(1, ...columns.map((members) => members.length))) : columns.length;
  const width = Math.min(Math.max(Math.floor((all - least * (beside - 1)) / beside), 136), 168);
  const gap = down ? 26 : Math.min(Math.max((all - width * beside) / Math.max(beside - 1, 1), least), 70);
  for (const members of columns) {
    const want = (node) => (heard[node].length ? heard[node].reduce((sum, from) => sum + place[from].middle, 0) / heard[node].length : 0);
    members.sort((a, b) => want(a) - want(b));
    let at = 16, deepest = 0;
    for (const [index, node] of members.entries()) {
      if (down && index > 0 && index % fit === 0) { along += deepest + 14; at = 16; deepest = 0; }
      const height = heightOf(graph.nodes[node].name), size = down ? width : height;
      const begin = Math.max(at, down ? 0 : Math.min(want(node) - size / 2, at + 400));
      place[node] = down ? { x: begin, y: along, width, height, middle: begin + size / 2 } : { x: along, y: begin, width, height, middle: begin + size / 2 };
      at = begin + size + 14;
      across = Math.max(across, at);
      deepest = Math.max(deepest, down ? height : width);
    }
    along += deepest + gap;
  }
  return { place, index, width: down ? across + 2 : along - gap + 16, height: down ? along - gap + 16 : across + 10, box: width };
}

const shortened = (name, most) => (name.length > most ? `${name.slice(0, Math.floor(most) - 1)}…` : name);

function drawGraph() {
  const down = window.innerWidth <= 760;
  const { place, index, width, height, box: boxWidth } = layout(down);
  inside = boxWidth - 20;
  const svg = make("svg", { width, height, role: "group", "aria-label": `${graph.nodes.length} nodes, ${graph.links.length} links` });
  make("path", { class: "arrow", d: "M0 0L8 4L0 8z" }, make("marker", { id: "tip", markerWidth: 8, markerHeight: 8, refX: 7, refY: 4, orient: "auto", markerUnits: "userSpaceOnUse" }, make("defs", {}, svg)));
  const wires = make("g", { "aria-hidden": "true" }, svg);
  boxes = new Map(graph.nodes.map((node) => [node.name, { out: [] }]));
  for (const link of graph.links) {
    const [from, to] = [place[index.get(link.from)], place[index.get(link.to)]];
    const a = down ? [from.x + from.width / 2, from.y + from.height] : [from.x + from.width, from.y + from.height / 2];
    const b = down ? [to.x + to.width / 2, to.y - 1] : [to.x - 1, to.y + to.height / 2];
    const bend = Math.max(24, Math.abs(down ? b[1] - a[1] : b[0] - a[0]) / 2);
    const [c, d] = down ? [[a[0], a[1] + bend], [b[0], b[1] - bend]] : [[a[0] + bend, a[1]], [b[0] - bend, b[1]]];
    const path = make("path", { class: `link${link.feedback ? " back" : ""}`, d: `M${a}C${c} ${d} ${b}`, "marker-end": "url(#tip)" }, wires);
    make("title", {}, path).textContent = `${link.text}: ${link.channels} ${link.channels === 1 ? "channel" : "channels"}`;
    if (graph.links.length <= 60 && !down) make("text", { class: "channels", x: (a[0] + b[0]) / 2 - 4, y: (a[1] + b[1]) / 2 - 5 }, wires).textContent = link.channels;
    boxes.get(link.from).out.push(path);
  }
  graph.nodes.forEach((node, at) => {
    const { x, y, width, height } = place[at], box = boxes.get(node.name);
    const group = make("g", { class: "box", transform: `translate(${x} ${y})`, role: "button", tabindex: 0, "aria-pressed": String(node.name === chosen), "aria-label": `${node.name}, ${node.type}` }, svg);
    group.classList.toggle("bypassed", bypassed.has(node.name));
    make("rect", { class: "body", width, height, rx: 7 }, group);
    make("text", { class: "title", x: 10, y: 20 }, group).textContent = shortened(node.name, inside / 7.4);
    make("text", { class: "kind", x: 10, y: 36 }, group).textContent = node.type;
    box.word = make("text", { class: "word", x: width - 10, y: 36, "text-anchor": "end" }, group);
    box.levels = Array.from({ length: channelsOf(node.name) }, (_, channel) => {
      make("rect", { class: "bar", x: 10, y: 44 + 12 * channel, width: width - 20, height: 8, rx: 2 }, group);
      return make("rect", { class: "level", x: 10, y: 44 + 12 * channel, width: 0, height: 8, rx: 2 }, group);
    });
    box.group = group;
    group.addEventListener("click", () => choose(node.name));
    group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(node.name); $("node").focus(); }
      const turned = event.ctrlKey || event.altKey || event.metaKey ? undefined : { m: "mute", b: "bypass" }[event.key];
      if (turned) turn(node.name, turned);
    });
  });
  $("graph").replaceChildren(svg);
}

/** Mutes or bypasses, or ends that. */
async function turn(name, what) {
  const parameter = nodes.get(name)?.parameters.find((one) => one.name === what && typeof one.value === "boolean");
  if (!parameter) return happened(`${name} cannot be ${what === "mute" ? "muted: a gain can" : "bypassed"}`, "care");
  const on = !parameter.value;
  try { await ask({ do: "set", values: { [`${name}.${what}`]: on } }); happened(`${name}: ${what} ${on ? "on" : "off"}`); }
  catch (error) { happened(error.message, "bad"); }
}

function drawLevels() {
  for (const [name, box] of boxes) {
    const rms = latest[`${name}.rms`], open = latest[`${name}.open`]?.[0], written = latest[`${name}.frames_written`]?.[0];
    box.levels?.forEach((bar, channel) => {
      const level = rms?.[channel] ?? FLOOR, part = Math.min(Math.max((level - FLOOR) / -FLOOR, 0), 1);
      bar.setAttribute("width", (inside * part).toFixed(1));
      bar.setAttribute("class", `level${level > -3 ? " bad" : level > -12 ? " care" : ""}`);
    });
    if (box.levels?.length) {
      const loudest = Math.max(...(latest[`${name}.peak`] ?? [FLOOR]).map((peak) => peak ?? FLOOR));
      const kind = loudest >= 0 ? " over" : loudest > -6 ? " loud" : loudest > FLOOR ? " sounds" : "";
      for (const path of box.out) path.setAttribute("class", `link${path.classList.contains("back") ? " back" : ""}${kind}`);
    }
    const word = bypassed.has(name) ? "bypassed" : open !== undefined ? (open > 0.5 ? "open" : "closed") : written !== undefined ? `rec ${clock(written, rate)}` : "";
    if (box.word && box.word.textContent !== word) box.word.textContent = word;
  }
  drawReadings();
}

// --- The chosen node ---

const preferred = () => graph.nodes.find((node) => nodes.get(node.name)?.type === "gain")?.name ?? graph.nodes[0]?.name ?? null;

function choose(name) {
  boxes.get(chosen)?.group?.setAttribute("aria-pressed", "false");
  chosen = name;
  boxes.get(chosen)?.group?.setAttribute("aria-pressed", "true");
  const node = nodes.get(name);
  $("node-title").textContent = node ? `${node.name} (${node.type})` : "No node is chosen";
  $("parameters").replaceChildren(...(node?.parameters ?? []).map((parameter) => control(node, parameter)));
  drawReadings();
}

function drawReadings() {
  const node = nodes.get(chosen);
  facts($("readings"), (node?.readings ?? []).map(({ name, unit }) => {
    const values = latest[`${node.name}.${name}`] ?? [];
    const shown = values.map((value) => (unit === "dBFS" ? db(value) : value == null ? "–" : `${Number.isInteger(value) ? value : value.toFixed(4)}${unit ? ` ${unit}` : ""}`));
    return [name.replaceAll("_", " "), shown.join(", ") || "–"];
  }));
}

// How a parameter's slider goes: levels by dB, frequencies by octaves, all else evenly. Where there is no range, levels go to full
// scale and frequencies as far as people hear, or as far as the value is; the field takes any.
function scale({ kind, unit, min, max, number }) {
  if (kind === "level") [min, max] = [min ?? 0, max ?? Math.max(1, number)];
  if (kind === "frequency") [min, max] = [min || Math.min(20, number || 20), max ?? Math.max(20000, number)];
  if (number === undefined || max === undefined || min === undefined) return null;
  if (kind === "level") {
    const top = Math.min(20 * Math.log10(max), 24);
    return { min: FLOOR, max: top, step: 0.5, to: (x) => (x > 0 ? Math.max(20 * Math.log10(x), FLOOR) : FLOOR), value: (y) => (y <= FLOOR ? 0 : `${+y.toFixed(2)} dB`), words: (y) => (y <= FLOOR ? "silent" : `${y.toFixed(1)} dB`) };
  }
  if (unit === "Hz" && min > 0) return { min: Math.log2(min), max: Math.log2(max), step: 1 / 48, to: Math.log2, value: (y) => `${+(2 ** y).toPrecision(5)} Hz`, words: (y) => `${(2 ** y).toPrecision(4)} Hz` };
  if (kind.startsWith("whole number") && max - min > 4096) return null;
  const step = kind === "whole number" ? 1 : (max - min) / 200;
  const words = (y) => (unit === "s" ? `${+(1000 * y).toPrecision(4)} ms` : `${+y.toPrecision(4)}${unit ? ` ${unit}` : ""}`);
  return { min, max, step, to: (x) => x, value: (y) => (unit === "s" ? words(y) : +y.toPrecision(6)), words };
}

const words = (value) => (value == null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

function control(node, parameter) {
  const name = `${node.name}.${parameter.name}`, id = `p-${parameter.name}`;
  const row = document.createElement("div");
  row.className = "parameter";
  const label = document.createElement("label");
  label.textContent = parameter.name;
  label.htmlFor = id;
  const wrong = document.createElement("p");
  wrong.className = "wrong"; wrong.hidden = true; wrong.setAttribute("role", "alert");
  const set = throttled(async (value) => {
    try { await ask({ do: "set", values: { [name]: value } }); wrong.hidden = true; }
    catch (error) { wrong.textContent = error.message; wrong.hidden = false; }
  });
  const doc = document.createElement("p");
  doc.className = "doc"; doc.id = `${id}-doc`;
  const range = parameter.min !== undefined && parameter.max !== undefined ? `, ${parameter.min} to ${parameter.max}${parameter.unit ? ` ${parameter.unit}` : ""}` : "";
  doc.textContent = `${parameter.kind ?? ""}${range}${parameter.law === "rebuilds" ? "; a change starts the node anew" : ""}. ${(parameter.doc ?? "").replaceAll("`", "")}`;
  let field, slider, scaled = scale(parameter);
  if (typeof parameter.value === "boolean") {
    field = Object.assign(document.createElement("input"), { type: "checkbox", checked: parameter.value });
    field.addEventListener("change", () => set(field.checked));
  } else if (parameter.choices?.length) {
    field = document.createElement("select");
    for (const choice of parameter.choices) field.add(new Option(choice, choice, false, choice === parameter.value));
    field.addEventListener("change", () => set(field.value));
  } else {
    field = Object.assign(document.createElement("input"), { type: "text", value: words(parameter.value), spellcheck: false });
    field.addEventListener("change", () => set(typed(field.value)));
    if (scaled) {
      slider = Object.assign(document.createElement("input"), { type: "range", min: scaled.min, max: scaled.max, step: scaled.step, value: scaled.to(parameter.number) });
      slider.setAttribute("aria-label", parameter.name);
      slider.setAttribute("aria-describedby", doc.id);
      slider.setAttribute("aria-valuetext", scaled.words(+slider.value));
      slider.addEventListener("input", () => {
        slider.setAttribute("aria-valuetext", scaled.words(+slider.value));
        field.value = words(scaled.value(+slider.value));
        set(scaled.value(+slider.value));
      });
    }
  }
  field.id = id;
  field.setAttribute("aria-describedby", doc.id);
  row.append(label, field, ...(slider ? [slider] : []), doc, wrong);
  row.take = (value, number) => {
    if (field.type === "checkbox") field.checked = value === true;
    else if (document.activeElement !== field) field.value = words(value);
    if (slider && document.activeElement !== slider && number !== undefined) slider.value = scaled.to(number);
  };
  row.dataset.name = name;
  return row;
}

// A number, true or false, a list, or a text that needs no quotes.
function typed(text) {
  try { return JSON.parse(text.trim()); } catch { return text.trim(); }
}

// The first call at once, the last one of many always, at most 30 in a second between them.
function throttled(what) {
  let timer = null, last = null;
  return (value) => {
    if (timer !== null) { last = [value]; return; }
    what(value);
    timer = setTimeout(function next() {
      if (last) { what(last[0]); last = null; timer = setTimeout(next, 33); } else timer = null;
    }, 33);
  };
}

let listing = null;
function changed(name, value) {
  const node = nodes.get(name.slice(0, name.indexOf(".")));
  const parameter = node?.parameters.find((one) => `${node.name}.${one.name}` === name);
  if (!parameter) return;
  parameter.value = value;
  if (parameter.name === "bypass") {
    value === true ? bypassed.add(node.name) : bypassed.delete(node.name);
    boxes.get(node.name)?.group?.classList.toggle("bypassed", value === true);
  }
  // What a text is as a number, the engine knows.
  clearTimeout(listing);
  listing = setTimeout(async () => {
    const list = await ask({ do: "list" }).catch(() => null);
    if (!list) return;
    nodes = new Map(list.nodes.map((one) => [one.name, one]));
    for (const row of $("parameters").children) {
      const one = nodes.get(chosen)?.parameters.find((each) => `${chosen}.${each.name}` === row.dataset.name);
      if (one) row.take(one.value, one.number);
    }
  }, 100);
}

function drawScenes(names) {
  $("scenes").hidden = names.length === 0;
  $("scene-list").replaceChildren(...names.map((name) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    button.addEventListener("click", () => ask({ do: "scene", name }).catch((error) => happened(error.message, "bad")));
    return button;
  }));
}

// --- The patch ---

async function takePatch() {
  const { patch } = await ask({ do: "patch" });
  if ($("text").value === playing) { $("text").value = patch; judge([], ""); }
  playing = patch;
  judgeLater();
}

let judging = null;
function judgeLater() {
  const same = $("text").value === playing;
  $("revert").disabled = same;
  $("apply").disabled = true;
  clearTimeout(judging);
  if (same) return judge([], "this is what plays");
  $("verdict").textContent = "looking at it";
  judging = setTimeout(async () => {
    const text = $("text").value;
    try {
      const { line, warnings, changes } = await askPatiently({ do: "check", patch: text });
      if (text !== $("text").value) return;
      judge(warnings?.mistakes ?? [], line);
      drawChanges(changes);
      $("apply").disabled = false;
    } catch (error) {
      if (text !== $("text").value) return;
      judge(error.mistakes ?? [], error.mistakes ? `${error.mistakes.length} ${error.mistakes.length === 1 ? "mistake" : "mistakes"}; the old patch plays on` : error.message, "bad");
    }
  }, 300);
}

// What another patch would change, a line each.
function drawChanges(changes) {
  const said = ({ key, before, after }) => `${key} ${words(before) || "none"} → ${words(after) || "none"}`;
  const rings = new Map((changes?.ringing_out ?? []).map(({ node, frames }) => [node, frames / changes.rate_hz]));
  const lines = !changes ? [] : [
    ...changes.added.map((name) => ["new", name]),
    ...changes.removed.map((name) => ["gone", `${name}${rings.has(name) ? `, rings out for ${rings.get(name).toFixed(2)} s` : ""}`]),
    ...changes.changed.flatMap(({ node, parameters }) => (parameters.length ? parameters.map((one) => ["changed", `${node}.${said(one)}`]) : [["changed", node]])),
    ...changes.started_anew.map(({ node, reason }) => ["starts anew", `${node} (${reason})`]),
    ...changes.new_links.map(({ link, fades }) => ["new link", `${link}${fades ? ", fades in" : ""}`]),
    ...changes.links_gone.map(({ link, fades }) => ["link gone", `${link}${fades ? ", fades out" : ""}`]),
    ...changes.engine.map((one) => [one.at_once ? "setting" : "at the next start", said(one)]),
    ...changes.beside.map((what) => ["changed", what]),
  ];
  $("changes").replaceChildren(...lines.map(([kind, what]) => {
    const item = document.createElement("li"), mark = document.createElement("b");
    mark.textContent = kind;
    mark.className = { new: "good", "new link": "good", gone: "bad", "link gone": "bad" }[kind] ?? "care";
    item.append(mark, ` ${what}`);
    return item;
  }));
}

function judge(mistakes, verdict, kind) {
  drawChanges(null);
  $("verdict").textContent = verdict;
  $("verdict").className = kind ?? "";
  const lines = new Set(mistakes.map((mistake) => mistake.line));
  $("numbers").replaceChildren(...$("text").value.split("\n").flatMap((_, line) => {
    const mark = document.createElement("span");
    mark.textContent = `${line + 1}${lines.has(line + 1) ? "!" : ""}\n`;
    mark.className = lines.has(line + 1) ? "bad" : "";
    return [mark];
  }));
  $("mistakes").replaceChildren(...mistakes.map((mistake) => {
    const item = document.createElement("li"), go = Object.assign(document.createElement("button"), { type: "button", textContent: `${mistake.line}:${mistake.column}` });
    go.addEventListener("click", () => {
      const lines = $("text").value.split("\n"), at = lines.slice(0, mistake.line - 1).reduce((sum, line) => sum + line.length + 1, 0) + mistake.column - 1;
      $("text").focus();
      $("text").setSelectionRange(at, at + 1);
    });
    item.append(go, ` ${mistake.message}${mistake.help ? ` (${mistake.help})` : ""}`);
    return item;
  }));
}

$("text").addEventListener("input", judgeLater);
$("text").addEventListener("scroll", () => { $("numbers").scrollTop = $("text").scrollTop; });
$("revert").addEventListener("click", () => { $("text").value = playing; judgeLater(); });
$("apply").addEventListener("click", async () => {
  try { await askPatiently({ do: "load", patch: $("text").value }); playing = $("text").value; judgeLater(); }
  catch (error) { judge(error.mistakes ?? [], error.message, "bad"); }
});
let narrow = window.innerWidth <= 760;
window.addEventListener("resize", () => { if ((window.innerWidth <= 760) !== narrow) { narrow = !narrow; drawGraph(); choose(chosen); } });
connect();
setInterval(pulse, 1000);
