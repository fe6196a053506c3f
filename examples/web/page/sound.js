// A patch that plays: the worklet's node in an audio context, asked over its port.
const text = new TextEncoder(), words = new TextDecoder();

export const bytes = (string) => text.encode(string);
export const parsed = (answer) => JSON.parse(words.decode(answer));

export class Sound {
  /** In a context of any kind, from its first frame on; `verdict` is what the engine said of the patch. */
  static async start(context, code, patch, failed) {
    await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
    const sound = new Sound();
    sound.context = context;
    sound.waiting = new Map();
    sound.number = 0;
    const opened = new Promise((resolve, reject) => sound.waiting.set(0, { resolve, reject }));
    sound.node = new AudioWorkletNode(context, "patchline", {
      // A microphone of one channel comes as two.
      channelCount: 2, channelCountMode: "explicit", outputChannelCount: [2],
      processorOptions: { code, patch: bytes(patch) },
    });
    sound.node.port.onmessage = ({ data }) => sound.receive(data);
    sound.node.onprocessorerror = () => {
      const stopped = new Error("the engine has stopped; Play begins anew");
      // While it starts, who waits for that is told.
      if (sound.waiting.has(0)) sound.waiting.get(0).reject(stopped);
      else failed(stopped);
    };
    sound.node.connect(context.destination);
    sound.verdict = await opened;
    return sound;
  }

  receive({ number, answer, took, failed }) {
    const { resolve, reject } = this.waiting.get(number);
    this.waiting.delete(number);
    if (failed) return reject(new Error(failed));
    this.took = took;
    resolve(parsed(answer));
  }

  ask(call, request = "") {
    return new Promise((resolve, reject) => {
      this.waiting.set(++this.number, { resolve, reject });
      this.node.port.postMessage({ number: this.number, call, request: bytes(request) });
    });
  }

  /** Plays another patch, as soon as what was loaded before has gone its way. One that waits gives way to a newer one: then
      there is no verdict. */
  async load(patch) {
    const turn = this.newest = (this.newest ?? 0) + 1;
    while (turn === this.newest) {
      const verdict = await this.ask("load", patch);
      if (!verdict.later) return verdict;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return null;
  }

  set(node, parameter, value) {
    return this.ask("set", JSON.stringify({ node, parameter, value }));
  }

  /** Listens to the microphone, once it is granted and unless `deafen` was called meanwhile. */
  async hear() {
    const turn = this.listening = (this.listening ?? 0) + 1;
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const microphone = await navigator.mediaDevices.getUserMedia({ audio });
    if (turn !== this.listening) return microphone.getTracks().forEach((track) => track.stop());
    this.microphone = microphone;
    this.source = this.context.createMediaStreamSource(this.microphone);
    this.source.connect(this.node);
  }

  deafen() {
    this.listening = (this.listening ?? 0) + 1;
    this.source?.disconnect();
    this.microphone?.getTracks().forEach((track) => track.stop());
    this.source = this.microphone = null;
  }

  async stop() {
    this.deafen();
    await this.context.close();
  }
}
