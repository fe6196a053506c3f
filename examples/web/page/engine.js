// The engine's exports as calls with bytes in and bytes out: for the page, and for the worklet, which can neither fetch nor
// read text.
export class Engine {
  constructor(instance) {
    this.exports = instance.exports;
  }

  /** Calls an export that answers; the request and the answer are bytes of text. */
  call(name, request = new Uint8Array(), ...numbers) {
    const { memory } = this.exports;
    // Each call may have moved the memory's buffer: it is looked up afterwards.
    const place = this.exports.request(request.length);
    new Uint8Array(memory.buffer, place, request.length).set(request);
    const length = this.exports[name](...numbers);
    return new Uint8Array(memory.buffer, this.exports.answer(), length).slice();
  }

  /** One block for each channel in and out. They hold until something else than `render` is called. */
  blocks() {
    const { memory, channels, input, output, most_frames } = this.exports;
    const all = (places) => Array.from({ length: channels() }, (_, channel) => new Float32Array(memory.buffer, places(channel), most_frames()));
    return { memory: memory.buffer, inputs: all(input), outputs: all(output) };
  }
}
