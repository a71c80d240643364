// Clips of shapes that move: a disc or a square of some color on black, which goes straight on and
// comes back from the edges.

import { hash32 } from "../../src/data/hash.ts";

/** What a clip of number `i` shows; each choice follows from the number alone. */
function choices(i: number) {
  const chance = (what: number) => hash32(99, i, what) / 2 ** 32;
  const colours = [[255, 80, 60], [90, 220, 90], [80, 130, 255], [250, 220, 60]];
  return {
    square: chance(0) < 0.5,
    colour: colours[Math.floor(4 * chance(1))],
    start: [chance(2), chance(3)],
    angle: 2 * Math.PI * chance(4),
  };
}

/** A path between 0 and 1 that turns back at both. */
function bounced(x: number): number {
  const rest = ((x % 2) + 2) % 2;
  return rest <= 1 ? rest : 2 - rest;
}

/**
 * Draws the clip of number `i`.
 *
 * @param share radius of the shape, in sides of the picture
 * @returns (3, frames, size, size) in [-1, 1]
 */
export function movingShape(
  i: number,
  frames: number,
  size: number,
  share = 0.22,
): Float32Array<ArrayBuffer> {
  const { square, colour, start, angle } = choices(i);
  const radius = share * size;
  const clip = new Float32Array(3 * frames * size * size);
  for (let t = 0; t < frames; t++) {
    const [cx, cy] = [Math.cos(angle), Math.sin(angle)].map((speed, axis) =>
      radius + (size - 2 * radius) * bounced(start[axis] + 0.12 * t * speed)
    );
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const [dx, dy] = [Math.abs(x + 0.5 - cx), Math.abs(y + 0.5 - cy)];
        const distance = square ? Math.max(dx, dy) + 0.12 * radius : Math.hypot(dx, dy);
        // Soft over one pixel.
        const cover = Math.max(0, Math.min(1, radius - distance + 0.5));
        for (let c = 0; c < 3; c++) {
          clip[((c * frames + t) * size + y) * size + x] = cover * colour[c] / 127.5 - 1;
        }
      }
    }
  }
  return clip;
}
