"""Gain, delay, meter and gate in a callback as python-sounddevice calls it: blocks of frames × 2 channels.

`seeds.py loop|numpy BLOCK INPUT OUTPUT`: INPUT has the raw f32 frames of one period, over and over; OUTPUT gets what comes out
of a period and a quarter. Then each line on stdin has one period played, and is answered by the nanoseconds of a block.
"""

import math
import sys
import time

import numpy as np

GAIN = np.float32(0.5)
DELAY = 22050
DRY, WET = np.float32(0.6), np.float32(0.4)
METER_WINDOW = 2400
HOP, HOPS, HOLD, RELEASE = 60, 8, 48000, 960
OPENS, CLOSES = 0.02, 0.015


class Meter:
    """Peak and RMS of windows that follow each other."""

    def __init__(self):
        self.filled = 0
        self.peak = np.zeros(2, np.float32)
        self.squares = np.zeros(2, np.float32)
        self.shown = (self.peak, self.peak)

    def listen(self, block):
        while len(block):
            part = block[: METER_WINDOW - self.filled]
            self.peak = np.maximum(self.peak, np.abs(part).max(axis=0))
            self.squares = self.squares + np.einsum("ij,ij->j", part, part)
            self.filled += len(part)
            block = block[len(part) :]
            if self.filled == METER_WINDOW:
                self.shown = (self.peak, np.sqrt(self.squares / METER_WINDOW))
                self.__init_window()

    def __init_window(self):
        self.filled = 0
        self.peak = np.zeros(2, np.float32)
        self.squares = np.zeros(2, np.float32)


class Gate:
    """Decides at each hop's end, from the RMS of the last eight."""

    def __init__(self):
        self.filled = 0
        self.hop = 0.0
        self.hops = [0.0] * HOPS
        self.at = 0
        self.open = False
        self.low_for = None
        self.release = 0

    def run(self, block):
        """Silences in place what it does not let through."""
        squares = np.einsum("ij,ij->i", block, block)
        frames = len(block)
        edges = list(range(HOP - self.filled, frames + 1, HOP))
        starts = [0] + [edge for edge in edges if edge < frames]
        sums = np.add.reduceat(squares, starts).tolist()
        for start, total in zip(starts, sums):
            end = min(frames, start + HOP - self.filled)
            if not self.open:
                self.close(block[start:end])
            self.hop += total
            self.filled += end - start
            if self.filled == HOP:
                self.decide()

    def close(self, part):
        if self.release:
            count = min(self.release, len(part))
            done = np.arange(RELEASE - self.release + 1, RELEASE - self.release + 1 + count) / RELEASE
            part[:count] *= (1.0 - done)[:, None].astype(np.float32)
            self.release -= count
            part = part[count:]
        part[:] = 0.0

    def decide(self):
        self.hops[self.at] = self.hop
        self.at = (self.at + 1) % HOPS
        self.filled, self.hop = 0, 0.0
        rms = math.sqrt(sum(self.hops) / (HOPS * HOP * 2))
        if not self.open:
            self.open = rms > OPENS
        elif rms >= CLOSES:
            self.low_for = None
        else:
            self.low_for = 0 if self.low_for is None else self.low_for + HOP
            if self.low_for >= HOLD:
                self.open, self.low_for, self.release = False, None, RELEASE


class Effects:
    """What the callbacks share."""

    def __init__(self):
        self.line = np.zeros((DELAY, 2), np.float32)
        self.position = 0
        self.meter = Meter()
        self.gate = Gate()

    def callback(self, indata, outdata, frames, _time, _status):
        outdata[:] = indata * GAIN
        self.delay(outdata, frames)
        self.meter.listen(outdata)
        self.gate.run(outdata)


class Loop(Effects):
    """The delay as everybody writes it first: sample by sample."""

    def delay(self, block, frames):
        line, position = self.line, self.position
        for frame in range(frames):
            for channel in range(2):
                sample = block[frame, channel]
                late = line[position, channel]
                line[position, channel] = sample
                block[frame, channel] = sample * DRY + late * WET
            position += 1
            if position == DELAY:
                position = 0
        self.position = position


class Numpy(Effects):
    """The delay in at most two pieces."""

    def delay(self, block, frames):
        done = 0
        while done < frames:
            count = min(frames - done, DELAY - self.position)
            part = block[done : done + count]
            line = self.line[self.position : self.position + count]
            mixed = part * DRY + line * WET
            line[:] = part
            part[:] = mixed
            self.position = (self.position + count) % DELAY
            done += count


def main():
    kind, block, source, sink = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    effects = {"loop": Loop, "numpy": Numpy}[kind]()
    period = np.fromfile(source, np.float32).reshape(-1, 2)
    out = np.zeros((block, 2), np.float32)

    def play(blocks, first=0):
        for at in range(first, first + blocks):
            start = at * block % len(period)
            effects.callback(period[start : start + block], out, block, None, None)
            yield out

    blocks = len(period) // block
    heard = [block.copy() for block in play(blocks + blocks // 4)]
    np.concatenate(heard).tofile(sink)
    print("ready", flush=True)
    for _line in sys.stdin:
        begun = time.perf_counter_ns()
        for _ in play(blocks, blocks // 4):
            pass
        print((time.perf_counter_ns() - begun) / blocks, flush=True)


if __name__ == "__main__":
    main()
