// The page in a real browser: `node check.mjs RUNNER CHROMIUM [FOLDER FOR PICTURES]`.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const [program, browserPath, pictures] = process.argv.slice(2);
const runner = resolve(program);
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const EVENING = `name = "evening"
links = ["voice -> trim -> echo -> level -> out", "trim -> gate -> take", "echo -> quiet ~> trim"]
nodes.voice = { type = "noise", level = "-20 dB" }
nodes.trim = { type = "gain", gain = "-6 dB" }
nodes.echo = { type = "delay", time = "350 ms", mix = 0.4 }
nodes.quiet = { type = "gain", gain = "-30 dB" }
nodes.level = { type = "meter" }
nodes.gate = { type = "vad_gate", threshold = "-60 dB" }
nodes.take = { type = "file_sink", path = "take.wav" }
nodes.out = { type = "output" }
[scenes.chorus.trim]
gain = "-3 dB"
`;

function thousand() {
  const names = Array.from({ length: 996 }, (_, index) => `g${index}`);
  const chains = names.flatMap((name, index) => (index % 12 ? [] : [`"tone -> ${names.slice(index, index + 12).join(" -> ")} -> level"`]));
  const nodes = names.map((name) => `nodes.${name} = { type = "gain", gain = 0.01 }`);
  return `links = [${chains.join(", ")}, "level -> out"]\nnodes.tone.type = "oscillator"\n${nodes.join("\n")}\nnodes.level.type = "meter"\nnodes.out.type = "output"\n`;
}

/** Plays a patch; where its page is. */
async function play(text) {
  const folder = await mkdtemp(join(tmpdir(), "patchline-page-"));
  await writeFile(join(folder, "p.toml"), text);
  const child = spawn(runner, ["p.toml", "--backend", "null", "--ui", "--remote-files"], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  const url = await new Promise((resolve, reject) => {
    child.stderr.on("data", (bytes) => {
      said += bytes;
      const found = /page: (\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
    child.on("exit", () => reject(new Error(`it ended:\n${said}`)));
  });
  return { url, end: () => child.kill("SIGINT") };
}

const browser = await chromium.launch({
  executablePath: browserPath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let count = 0;
async function check(what, body) {
  await body();
  count += 1;
  console.log(`ok  ${what}`);
}

async function open(url, width, height, options = {}) {
  const context = await browser.newContext({ viewport: { width, height }, ...options });
  const page = await context.newPage();
  const foreign = [], wrong = [];
  page.on("request", (request) => { if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith("data:")) foreign.push(request.url()); });
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") wrong.push(message.text()); });
  await page.goto(url);
  await page.waitForSelector(".box");
  await page.waitForFunction(() => document.getElementById("state").textContent === "playing");
  return { page, foreign, wrong };
}

/** Nodes that the picture's edge cuts, and words that leave their box: run in the page. */
function cutBoxes() {
  const edge = document.getElementById("graph").getBoundingClientRect();
  return [...document.querySelectorAll(".box")].flatMap((box) => {
    const body = box.querySelector(".body").getBoundingClientRect();
    const out = [...box.querySelectorAll("text")].filter((text) => text.textContent && text.getBoundingClientRect().right > body.right + 1);
    return body.right > edge.right + 1 || out.length ? [box.getAttribute("aria-label")] : [];
  });
}

/** What the engine says that a parameter is. */
const parameter = (page, name) => page.evaluate(async (name) => (await ask({ do: "get", parameters: name })).values[name], name);

const evening = await play(EVENING);
try {
  const { page, foreign, wrong } = await open(evening.url, 1400, 900);

  await check("every node and every link is drawn, and meters move", async () => {
    assert.equal(await page.locator(".box").count(), 8);
    assert.deepEqual(await page.evaluate(cutBoxes), []);
    assert.equal(await page.locator(".link").count(), 8);
    await page.waitForFunction(() => [...document.querySelectorAll(".level")].some((bar) => +bar.getAttribute("width") > 10));
    await page.waitForFunction(() => document.body.textContent.includes("rec 0:0"));
  });

  await check("a slider moves the sound, by the keyboard alone", async () => {
    await page.locator(".box[aria-label^='trim']").focus();
    await page.keyboard.press("Enter");
    const slider = page.locator("#parameters input[type=range]").first();
    await slider.focus();
    const before = await slider.getAttribute("aria-valuetext");
    await page.keyboard.press("ArrowLeft");
    await page.waitForFunction((before) => document.querySelector("#parameters input[type=range]").getAttribute("aria-valuetext") !== before, before);
    await page.waitForTimeout(300);
    assert.equal(await parameter(page, "trim.gain"), "-6.5 dB");
  });

  await check("levels and frequencies without a range have sliders, too", async () => {
    await page.locator(".box[aria-label^='voice']").focus();
    await page.keyboard.press("Enter");
    const slider = page.locator("#parameters input[type=range][aria-label='level']");
    await slider.focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForTimeout(300);
    assert.equal(await parameter(page, "voice.level"), "-19.5 dB");
    await page.keyboard.press("ArrowLeft");
    await page.waitForTimeout(300);
    assert.equal(await parameter(page, "voice.level"), 0.1);
    await page.locator(".box[aria-label^='trim']").focus();
    await page.keyboard.press("Enter");
  });

  await check("a field takes any value with its unit, and says what is wrong", async () => {
    const field = page.locator("#p-gain");
    await field.fill("loud");
    await field.press("Enter");
    await page.waitForSelector(".wrong:not([hidden])");
    await field.fill("-9 dB");
    await field.press("Enter");
    await page.waitForSelector(".wrong:not([hidden])", { state: "detached", timeout: 3000 }).catch(() => {});
    await page.waitForTimeout(300);
    assert.equal(await parameter(page, "trim.gain"), "-9 dB");
    await page.getByRole("button", { name: "chorus" }).click();
    await page.waitForFunction(() => document.getElementById("p-gain").value === "-3 dB");
  });

  await check("mistakes are said with line and column while sound goes on", async () => {
    const text = page.locator("#text");
    const good = await text.inputValue();
    assert.equal(good, EVENING);
    await text.fill(good.replace('gain = "-6 dB"', 'gian = "-6 dB"'));
    await page.waitForSelector("#mistakes li");
    assert.match(await page.locator("#mistakes").innerText(), /^4:\d+ .*gian.*did you mean/s);
    assert.ok(await page.locator("#apply").isDisabled());
    assert.equal(await page.locator("#state").innerText(), "playing");
    await text.fill(good.replace('"-6 dB"', '"-12 dB"'));
    await page.waitForFunction(() => !document.getElementById("apply").disabled);
    assert.match(await page.locator("#verdict").innerText(), /trim \(gain .*\) changed/);
    assert.match(await page.locator("#changes").innerText(), /^changed trim\.gain .* → -12 dB$/);
    await text.fill(good.replace('"trim -> gate -> take", ', "").replace("nodes.gate", "#").replace("nodes.take", "#"));
    await page.waitForFunction(() => /gone gate.*gone take.*link gone trim -> gate/s.test(document.getElementById("changes").innerText));
    await text.fill(good.replace('"-6 dB"', '"-12 dB"'));
    await page.waitForFunction(() => !document.getElementById("apply").disabled);
    await page.locator("#apply").click();
    await page.waitForFunction(() => document.getElementById("events").textContent.includes("another patch plays"));
    await page.waitForTimeout(300);
    assert.equal(await parameter(page, "trim.gain"), "-12 dB");
  });

  await check("a node is muted and bypassed by a key", async () => {
    await page.locator(".box[aria-label^='trim']").focus();
    await page.keyboard.press("m");
    await page.waitForFunction(() => document.getElementById("events").textContent.includes("trim: mute on"));
    assert.equal(await parameter(page, "trim.mute"), true);
    await page.waitForTimeout(300);
    await page.locator(".box[aria-label^='trim']").focus();
    await page.keyboard.press("m");
    await page.waitForFunction(() => document.getElementById("events").textContent.includes("trim: mute off"));
    await page.locator(".box[aria-label^='echo']").focus();
    await page.keyboard.press("m");
    await page.waitForFunction(() => document.getElementById("events").textContent.includes("echo cannot be muted"));
    await page.keyboard.press("b");
    await page.waitForFunction(() => document.getElementById("events").textContent.includes("echo: bypass on"));
  });

  await check("the last seconds of the flight recorder are drawn", async () => {
    await page.waitForFunction(() => (document.querySelector("#calls path")?.getAttribute("d") ?? "").length > 200);
    assert.match(await page.locator("#calls").getAttribute("aria-label"), /longest call [\d.]+ % of its block's time; 0 xruns|\d+ xruns?/);
  });

  for (const scheme of ["light", "dark"]) {
    await check(`no serious finding of axe-core, ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.evaluate(await readFile(axe, "utf8"));
      const { violations } = await page.evaluate(() => axe.run(document));
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`), []);
    });
  }
  if (pictures) await page.screenshot({ path: join(pictures, "page-1400.png"), fullPage: true });

  await check("it fits a telephone", async () => {
    const small = await open(evening.url, 400, 800, { colorScheme: "light" });
    const width = await small.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 400, `${width} pixels`);
    const cut = await small.page.evaluate(cutBoxes);
    assert.deepEqual(cut, []);
    if (pictures) await small.page.screenshot({ path: join(pictures, "page-400.png"), fullPage: true });
  });

  await check("it asked for nothing from elsewhere, and nothing went wrong", async () => {
    assert.deepEqual(foreign, []);
    assert.deepEqual(wrong, []);
  });
} finally {
  evening.end();
}

const many = await play(thousand());
try {
  await check("a thousand nodes stay fluent", async () => {
    const { page } = await open(many.url, 1400, 900);
    assert.ok((await page.locator(".box").count()) >= 998);
    const frames = await page.evaluate(() => new Promise((resolve) => {
      let count = 0;
      const end = performance.now() + 2000;
      const next = () => { count += 1; if (performance.now() < end) requestAnimationFrame(next); else resolve(count); };
      requestAnimationFrame(next);
    }));
    console.log(`    ${frames / 2} pictures a second`);
    assert.ok(frames >= 30, `${frames} pictures in two seconds`);
  });
} finally {
  many.end();
}
await browser.close();
console.log(`${count} checks passed`);
