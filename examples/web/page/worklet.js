// The audio thread: renders blocks, and answers between them. What is asked is done right here, as there is no other thread
// that shares the engine's memory.
import { Engine } from "./engine.js";

class Player extends AudioWorkletProcessor {
  constructor({ processorOptions: { code, patch } }) {
    super();
    this.engine = new Engine(new WebAssembly.Instance(new WebAssembly.Module(code)));
    this.answer({ number: 0, call: "open", request: patch, numbers: [sampleRate] });
    this.port.onmessage = ({ data }) => this.answer(data);
  }

  answer({ number, call, request, numbers = [] }) {
    const began = Date.now();
    try {
      const answer = this.engine.call(call, request, ...numbers);
      this.port.postMessage({ number, answer, took: Date.now() - began }, [answer.buffer]);
    } catch (error) {
      this.port.postMessage({ number, failed: String(error) });
    }
  }

  process([input], [output]) {
    // Memory that has grown is another buffer.
    if (this.blocks?.memory !== this.engine.exports.memory.buffer) this.blocks = this.engine.blocks();
    const { inputs, outputs } = this.blocks;
    const frames = output[0].length, most = inputs[0].length;
    for (let at = 0; at < frames; at += most) {
      const end = Math.min(at + most, frames);
      inputs.forEach((channel, index) => (input[index] ? channel.set(input[index].subarray(at, end)) : channel.fill(0)));
      this.engine.exports.render(end - at);
      output.forEach((channel, index) => channel.set(outputs[index].subarray(0, end - at), at));
    }
    return true;
  }
}

registerProcessor("patchline", Player);
