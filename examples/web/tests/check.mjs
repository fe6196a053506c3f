// The page and its worklet in a real browser: `node check.mjs PAGE RUNNER CHROMIUM [FOLDER FOR PICTURES]`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { chromium } from "playwright-core";

const [folder, program, browserPath, pictures] = process.argv.slice(2);
const runner = resolve(program);
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

// --- What is served ---

const kinds = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };
const server = createServer(async ({ url }, response) => {
  const name = new URL(url, "http://localhost").pathname.slice(1) || "index.html";
  try {
    const content = await readFile(join(folder, name));
    response.writeHead(200, { "content-type": kinds[extname(name)] }).end(content);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({
  executablePath: browserPath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
});
const foreign = [], wrong = [];
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, permissions: ["microphone"], ...options });
  const page = await context.newPage();
  page.on("request", (request) => { if (!request.url().startsWith(origin) && !request.url().startsWith("data:")) foreign.push(request.url()); });
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") wrong.push(message.text()); });
  await page.goto(origin);
  await page.waitForFunction(() => document.getElementById("state").textContent === "stopped");
  return page;
}

let count = 0;
async function check(what, body) {
  await body();
  count += 1;
  console.log(`ok  ${what}`);
}

// --- The bits ---

const scratch = await mkdtemp(join(tmpdir(), "patchline-web-"));

/** The channels of a WAV file of 32-bit floats. */
async function samples(file) {
  const bytes = await readFile(file);
  let channels = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [name, size] = [bytes.toString("latin1", at, at + 4), bytes.readUInt32LE(at + 4)];
    if (name === "fmt ") {
      channels = bytes.readUInt16LE(at + 10);
      assert.equal(bytes.readUInt16LE(at + 22), 32);
    }
    if (name === "data") {
      const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset + at + 8, bytes.byteOffset + at + 8 + size));
      return Array.from({ length: channels }, (_, channel) => all.filter((_, index) => index % channels === channel));
    }
    at += 8 + size + (size % 2);
  }
  throw new Error(`${file} has no samples`);
}

/** What the program renders of a patch. */
async function native(patch, frames, rate, input) {
  const [text, wav] = [join(scratch, "p.toml"), join(scratch, "p.wav")];
  await writeFile(text, patch);
  const length = input ? ["--input", input] : ["--duration", `${frames}smp`];
  execFileSync(runner, ["render", text, "--output", wav, "--overwrite", "--subtype", "FLOAT", "--sample-rate", String(rate), ...length], { stdio: "pipe" });
  return samples(wav);
}

/** What the worklet renders of it, in an OfflineAudioContext. With `next`, another patch is loaded at a frame. */
async function inBrowser(page, patch, frames, rate, { input, next, at } = {}) {
  return page.evaluate(async ({ patch, frames, rate, input, next, at }) => {
    const { Sound } = await import("./sound.js");
    const code = await (await fetch("patchline_web.wasm")).arrayBuffer();
    const context = new OfflineAudioContext(2, frames, rate);
    const sound = await Sound.start(context, code, patch);
    if (!sound.verdict.good) throw new Error(JSON.stringify(sound.verdict));
    if (input) {
      const buffer = context.createBuffer(input.length, frames, rate);
      input.forEach((channel, index) => buffer.copyToChannel(Float32Array.from(channel), index));
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(sound.node);
      source.start();
    }
    if (next) context.suspend(at / rate).then(() => sound.load(next)).then(() => context.resume());
    const began = performance.now();
    const rendered = await context.startRendering();
    const took = performance.now() - began;
    return { channels: [0, 1].map((channel) => Array.from(rendered.getChannelData(channel))), took, loaded: sound.took };
  }, { patch, frames, rate, input: input?.map((channel) => Array.from(channel)), next, at });
}

/** What loading takes on the thread that renders: the times of 41 loads by turns, in ms, with blocks between them. */
async function loads(page, ...patches) {
  return page.evaluate(async (patches) => {
    const { Engine } = await import("./engine.js");
    const { bytes, parsed } = await import("./sound.js");
    const engine = new Engine((await WebAssembly.instantiate(await (await fetch("patchline_web.wasm")).arrayBuffer())).instance);
    engine.call("open", bytes(patches[0]), 48000);
    return Array.from({ length: 41 }, (_, index) => {
      for (let block = 0; block < 40; block++) engine.exports.render(128);
      const request = bytes(patches[(index + 1) % 2]), began = performance.now();
      const answer = engine.call("load", request), took = performance.now() - began;
      if (!parsed(answer).good) throw new Error(JSON.stringify(parsed(answer)));
      return took;
    });
  }, patches);
}

function same(heard, expected) {
  assert.ok(expected.some((channel) => channel.some((sample) => sample !== 0)), "something sounds");
  heard.channels.forEach((channel, index) => {
    const bits = new Uint32Array(Float32Array.from(channel).buffer);
    const wanted = new Uint32Array(expected[Math.min(index, expected.length - 1)].slice().buffer);
    assert.equal(bits.length, wanted.length);
    const first = bits.findIndex((value, frame) => value !== wanted[frame]);
    assert.equal(first, -1, `channel ${index} differs from frame ${first} on`);
  });
}

const VOICE = `links = ["hiss -> out", "beep -> out"]
nodes.hiss = { type = "noise", level = "-20 dB", color = "pink" }
nodes.beep = { type = "oscillator", frequency = "1234.5 Hz", shape = "saw", level = "-14 dB" }
nodes.out.type = "output"
`;
const LOOP = `links = ["beep -> trim -> echo -> left", "echo -> back ~> trim", "hiss -> gate -> pan -> level -> left", "echo -> level"]
[nodes]
beep = { type = "oscillator", frequency = "330 Hz", shape = "square", level = "-12 dB" }
hiss = { type = "noise", level = "-30 dB" }
trim = { type = "gain", gain = "-3.3 dB" }
echo = { type = "delay", time = "123.4 ms", mix = 0.45, feedback = 0.3 }
back = { type = "gain", gain = "-13 dB" }
gate = { type = "vad_gate", threshold = "-40 dB" }
pan = { type = "matrix", outputs = 1, gains = [{ from = 0, to = 0, gain = "-4.5 dB" }] }
level = { type = "meter" }
left = { type = "output" }
`;
const MICROPHONE = `links = ["mic -> gate -> echo -> out"]
[nodes]
mic = { type = "input" }
gate = { type = "vad_gate", threshold = "-40 dB", detector = "speech" }
echo = { type = "delay", time = "50 ms", mix = 0.5, feedback = 0.6 }
out = { type = "output" }
`;
const TONE = `links = ["tone -> volume -> out"]
nodes.tone = { type = "oscillator", frequency = "440 Hz", level = "-6 dB" }
nodes.volume = { type = "gain", gain = 1.0 }
nodes.out.type = "output"
`;
/** A tone through so many gains, the first of which has a value. */
function chain(gains, first) {
  const names = Array.from({ length: gains }, (_, index) => `g${index}`);
  const nodes = names.map((name, index) => `${name} = { type = "gain", gain = ${index === 0 ? first : 1} }\n`);
  return `links = ["tone -> ${names.join(" -> ")} -> out"]\n[nodes]\ntone.type = "oscillator"\nout.type = "output"\n${nodes.join("")}`;
}
const FIRST = await readFile(join(folder, "index.html"), "utf8").then((html) => /<textarea[^>]*>\n?([^<]*)</.exec(html)[1].replaceAll("&gt;", ">"));

try {
  const page = await open();

  for (const [what, patch, rate] of [["the page's patch", FIRST, 48000], ["noise and a saw", VOICE, 44100], ["a loop with a gate", LOOP, 48000], ["a loop with a gate", LOOP, 96000]]) {
    await check(`${what} at ${rate} Hz: the bits of runner render`, async () => {
      const frames = 2 * rate + 77;
      same(await inBrowser(page, patch, frames, rate), await native(patch, frames, rate));
    });
  }

  await check("an input through a gate and an echo: the bits of runner render", async () => {
    const rate = 48000;
    const [left] = await native(VOICE, rate, rate);
    const right = left.map((sample, frame) => (frame % 20000 < 9000 ? 0 : sample / 3));
    const input = join(scratch, "in.wav");
    await writeFile(input, wav([left, right], rate));
    const expected = await native(MICROPHONE, rate, rate, input);
    assert.equal(expected.length, 2);
    same(await inBrowser(page, MICROPHONE, rate, rate, { input: [left, right] }), expected);
  });

  await check("a patch that is loaded while another plays takes over without a step", async () => {
    const [rate, frames, at] = [48000, 48000, 128 * 100];
    const next = TONE.replace("gain = 1.0", "gain = 0.5");
    const [before] = await native(TONE, frames, rate);
    const { channels: [heard] } = await inBrowser(page, TONE, frames, rate, { next, at });
    assert.deepEqual(heard.slice(0, at), [...before.slice(0, at)]);
    const settled = at + rate / 10;
    assert.deepEqual(heard.slice(settled), [...before.slice(settled)].map((sample) => sample / 2));
    const step = (signal) => signal.reduce((most, sample, frame) => Math.max(most, Math.abs(sample - (signal[frame - 1] ?? 0))), 0);
    assert.ok(step(heard) <= step(before), `${step(heard)} after ${step(before)}`);
  });

  await check("ten seconds of a loop: the bits of runner render", async () => {
    const rendered = await inBrowser(page, LOOP, 480_000, 48_000);
    same(rendered, await native(LOOP, 480_000, 48_000));
    console.log(`    ${(10_000 / rendered.took).toFixed(0)} times as fast as it is played`);
  });

  await check("loads beside what plays", async () => {
    for (const gains of [1, 100, 1000]) {
      const times = await loads(page, chain(gains, 1), chain(gains, 0.5));
      const [first, ...later] = times.map((time) => time.toFixed(1));
      console.log(`    ${gains + 2} nodes: ${first} ms the first time, then ${later.sort((a, b) => a - b)[later.length >> 1]} ms (median)`);
    }
  });

  await check("an engine that cannot go on says so", async () => {
    const [refused, failed] = await page.evaluate(async (patch) => {
      const { Sound } = await import("./sound.js");
      const code = await (await fetch("patchline_web.wasm")).arrayBuffer();
      const context = new OfflineAudioContext(2, 48000, 48000);
      const failed = [];
      const sound = await Sound.start(context, code, patch, (error) => failed.push(String(error)));
      // More bytes than there can be: a panic, in the middle of what the next block needs.
      const answer = new Promise((resolve, reject) => sound.waiting.set(1, { resolve, reject }));
      sound.node.port.postMessage({ number: 1, call: "request", numbers: [2 ** 32 - 1] });
      const refused = await answer.catch(String);
      await context.startRendering();
      return [refused, failed];
    }, FIRST);
    assert.match(refused, /RuntimeError/);
    assert.deepEqual(failed, ["Error: the engine has stopped; Play begins anew"]);
  });

  // --- The page ---

  const text = page.locator("#patch");
  const peak = () => page.evaluate(() => document.getElementById("level-0").value);
  const reads = (test) => page.waitForFunction(test);

  await check("Play sounds, and levels move", async () => {
    assert.equal(await page.locator("meter").count(), 2);
    await page.locator("#play").focus();
    await page.keyboard.press("Enter");
    await reads(() => document.getElementById("level-0").value > -30);
    await reads(() => /level, peak/.test(document.getElementById("readings").textContent));
    assert.match(await page.locator("#state").innerText(), /^playing at \d+ Hz/);
  });

  await check("a slider changes the level, by the keyboard alone", async () => {
    await text.fill(TONE);
    await reads(() => Math.abs(document.getElementById("level-0").value + 6) < 0.1);
    const slider = page.getByLabel("gain", { exact: true });
    assert.equal(await slider.getAttribute("aria-valuetext"), "0.0 dB");
    await slider.focus();
    for (let step = 0; step < 24; step++) await page.keyboard.press("ArrowLeft");
    assert.equal(await slider.getAttribute("aria-valuetext"), "-12.0 dB");
    await reads(() => Math.abs(document.getElementById("level-0").value + 18) < 0.1);
  });

  await check("a frequency has a slider, though the registry has no range for it", async () => {
    const slider = page.getByLabel("frequency", { exact: true });
    assert.equal(await slider.getAttribute("aria-valuetext"), "440 Hz");
    await slider.focus();
    for (let step = 0; step < 48; step++) await page.keyboard.press("ArrowLeft");
    assert.match(await slider.getAttribute("aria-valuetext"), /^(219|220|221)/);
    assert.equal(await page.locator(".wrong:not([hidden])").count(), 0);
  });

  await check("mistakes are shown with line and column, and what plays goes on", async () => {
    const good = FIRST;
    await text.fill(good.replace('type = "gain"', 'type = "gain"\ngian = "-6 dB"'));
    await page.waitForSelector("#mistakes .error");
    assert.match(await page.locator("#mistakes").innerText(), /^10:1 error: .*gian.*did you mean `gain`/);
    assert.equal(await text.getAttribute("aria-invalid"), "true");
    await page.locator("#mistakes button").click();
    const place = await text.evaluate((field) => field.value.slice(0, field.selectionStart).split("\n").length);
    assert.equal(place, 10);
    await page.waitForTimeout(300);
    assert.ok(await peak() > -40);
    await text.fill(good.replace('"-18 dB"', '"-6 dB"'));
    await reads(() => document.getElementById("level-0").value > -9);
    assert.equal(await page.locator("#mistakes li").count(), 0);
    assert.match(await page.locator("#state").innerText(), /loaded in \d+ ms/);
  });

  await check("a patch that needs files is refused where it names one", async () => {
    const good = await text.inputValue();
    await text.fill(`${good}\n[nodes.take]\ntype = "file_sink"\npath = "take.wav"\n`);
    await page.waitForSelector("#mistakes .error");
    assert.match(await page.locator("#mistakes").innerText(), /^24:8 error: there are no files here/);
    assert.ok(await peak() > -20);
    await text.fill(good);
    await page.waitForFunction(() => document.querySelectorAll("#mistakes li").length === 0);
  });

  for (const scheme of ["light", "dark"]) {
    await check(`no serious finding of axe-core, ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.evaluate(await readFile(axe, "utf8"));
      const { violations } = await page.evaluate(() => axe.run(document));
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`), []);
      if (pictures) await page.screenshot({ path: join(pictures, `web-${scheme}.png`), fullPage: true });
    });
  }

  await check("the microphone is heard when somebody asks for it", async () => {
    assert.ok(!(await page.locator("#microphone").isVisible()));
    await text.fill('links = ["mic -> out"]\nnodes.mic.type = "input"\nnodes.out.type = "output"\n');
    await page.locator("#microphone").waitFor();
    await reads(() => document.getElementById("level-0").value === -60);
    await page.getByLabel("Microphone").check();
    await reads(() => document.getElementById("level-0").value > -40);
    await page.getByLabel("Microphone").uncheck();
    await reads(() => document.getElementById("level-0").value === -60);
  });

  await check("a thousand nodes are loaded while they play", async () => {
    await text.fill(chain(998, 1));
    await reads(() => document.getElementById("level-0").value > -20);
    console.log(`    ${await page.locator("#state").innerText()}`);
  });

  await check("Stop is silence, and Play plays again", async () => {
    await text.fill(TONE);
    await page.locator("#play").click();
    await reads(() => document.getElementById("state").textContent === "stopped");
    assert.equal(await peak(), -60);
    await page.locator("#play").click();
    await reads(() => document.getElementById("level-0").value > -10);
  });

  await check("it fits a telephone", async () => {
    const small = await open({ viewport: { width: 400, height: 800 } });
    const width = await small.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 400, `${width} pixels`);
    if (pictures) await small.screenshot({ path: join(pictures, "web-400.png"), fullPage: true });
  });

  await check("it asked for nothing from elsewhere, and nothing went wrong", async () => {
    assert.deepEqual(foreign, []);
    assert.deepEqual(wrong, []);
  });
} finally {
  await browser.close();
  server.close();
  await rm(scratch, { recursive: true });
}
console.log(`${count} checks passed`);

/** A WAV file of 32-bit floats. */
function wav(channels, rate) {
  const frames = channels[0].length, frame = 4 * channels.length;
  const bytes = Buffer.alloc(44 + frame * frames);
  bytes.write("RIFF", 0); bytes.writeUInt32LE(36 + frame * frames, 4); bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16); bytes.writeUInt16LE(3, 20); bytes.writeUInt16LE(channels.length, 22);
  bytes.writeUInt32LE(rate, 24); bytes.writeUInt32LE(rate * frame, 28); bytes.writeUInt16LE(frame, 32); bytes.writeUInt16LE(32, 34);
  bytes.write("data", 36); bytes.writeUInt32LE(frame * frames, 40);
  channels.forEach((channel, index) => channel.forEach((sample, at) => bytes.writeFloatLE(sample, 44 + frame * at + 4 * index)));
  return bytes;
}
