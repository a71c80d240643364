/**
 * The pictures of docs/scaling.md: skylines of 1024 px with windows of 8 px, lines of 1 and 2 px and
 * letters.
 *
 *     deno run -A bench/skylines.ts DIR [COUNT]      default: 200 PNG files
 *
 * Picture number i is the same on every machine. Walls, windows and letters lie on a grid of 16 px, as
 * a network with patches of 16 px learns soonest; the sun and the cable lie anywhere.
 *
 * @module
 */
import { encode } from "fast-png";
import { hash32 } from "../src/data/hash.ts";
import { LETTER_HEIGHT, lettering } from "../src/picture/lettering.ts";

type Color = readonly [red: number, green: number, blue: number];

const SIZE = 1024, CELL = 16, CELLS = SIZE / CELL;

const SKY_TOP: Color = [24, 30, 74], SKY_FOOT: Color = [236, 122, 84], SUN: Color = [255, 214, 140];
const WALLS: readonly Color[] = [[58, 44, 84], [84, 52, 86], [44, 38, 72]];
const LIT: Color = [255, 222, 128], RED: Color = [230, 40, 40];

const WORDS = ["HOTEL", "CAFE", "BANK", "CINEMA", "OPERA", "LIBRARY", "BAR", "RADIO"];

/** A picture of bytes (SIZE, SIZE, 3) that shapes are painted over. */
class Canvas {
  readonly data: Uint8Array<ArrayBuffer> = new Uint8Array(3 * SIZE * SIZE);

  /** Mixes a color into a pixel. */
  point(x: number, y: number, color: Color, cover = 1): void {
    if (x < 0 || y < 0 || x >= SIZE || y >= SIZE || cover <= 0) return;
    const at = 3 * (y * SIZE + x);
    color.forEach((value, c) => {
      this.data[at + c] = Math.round(this.data[at + c] * (1 - cover) + value * cover);
    });
  }

  box(left: number, top: number, width: number, height: number, color: Color): void {
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) this.point(x, y, color);
    }
  }
}

const mixed = (a: Color, b: Color, share: number): Color => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
  a[2] + (b[2] - a[2]) * share,
];

const darker = (color: Color): Color => mixed(color, [0, 0, 0], 0.45);

/** Draws the picture of number `i`: bytes (SIZE, SIZE, 3). */
function skyline(i: number): Uint8Array<ArrayBuffer> {
  let draws = 0;
  const chance = () => hash32(1024, i, draws++) / 2 ** 32;
  const below = (count: number) => Math.floor(count * chance());
  const canvas = new Canvas();
  for (let y = 0; y < SIZE; y++) canvas.box(0, y, SIZE, 1, mixed(SKY_TOP, SKY_FOOT, y / SIZE));

  // The sun, soft over one pixel.
  const radius = 40 + 60 * chance(), sunX = SIZE * chance(), sunY = 80 + 300 * chance();
  for (let y = Math.floor(sunY - radius); y <= sunY + radius; y++) {
    for (let x = Math.floor(sunX - radius); x <= sunX + radius; x++) {
      const cover = Math.min(1, radius - Math.hypot(x + 0.5 - sunX, y + 0.5 - sunY) + 0.5);
      canvas.point(x, y, SUN, cover);
    }
  }

  // A cable that sags, 2 px thick.
  const [from, to] = [120 + 240 * chance(), 120 + 240 * chance()], sag = 60 + 120 * chance();
  for (let x = 0; x < SIZE; x++) {
    const share = (x + 0.5) / SIZE;
    const middle = from + (to - from) * share + 4 * sag * share * (1 - share);
    for (let y = Math.floor(middle) - 2; y <= middle + 2; y++) {
      canvas.point(x, y, darker(SKY_TOP), Math.min(1, 1.5 - Math.abs(y + 0.5 - middle)));
    }
  }

  for (let left = 0; left < CELLS;) {
    const width = 5 + below(6), roof = 24 + below(28);
    building(left, Math.min(width, CELLS - left), roof, WALLS[below(WALLS.length)]);
    left += width;
  }
  return canvas.data;

  /** Of `width` cells from the cell `left` on, from the cell `roof` down. */
  function building(left: number, width: number, roof: number, wall: Color): void {
    const x = left * CELL, y = roof * CELL;
    if (chance() < 0.5) {
      const high = CELL * (2 + below(4)), mast = x + CELL * below(width) + CELL / 2;
      canvas.box(mast - 1, y - high, 2, high, darker(wall));
      canvas.box(mast - 2, y - high, 4, 4, RED);
    }
    canvas.box(x, y, width * CELL, SIZE - y, wall);
    canvas.box(x, y, width * CELL, 2, darker(wall));
    canvas.box(x, y, 2, SIZE - y, darker(wall));
    const fitting = WORDS.filter((word) => word.length <= width);
    const word = fitting[below(fitting.length)] ?? "";
    [...word].forEach((letter, at) => sign(x + at * CELL, y + CELL, letter));
    for (let row = roof + 3; row < CELLS; row++) {
      for (let column = left; column < left + width; column++) {
        opening(column * CELL + 4, row * CELL + 3, chance() < 0.35 ? LIT : darker(wall));
      }
    }
  }

  /** A window of 8 x 10 px with bars of 1 px. */
  function opening(x: number, y: number, glass: Color): void {
    canvas.box(x, y, 8, 10, glass);
    const bar = mixed(glass, [0, 0, 0], 0.5);
    canvas.box(x + 4, y, 1, 10, bar);
    canvas.box(x, y + 4, 8, 1, bar);
  }

  /** A letter of 10 x 14 px. */
  function sign(x: number, y: number, letter: string): void {
    lettering(letter).forEach((column, at) => {
      for (let row = 0; row < LETTER_HEIGHT; row++) {
        if (column >> row & 1) canvas.box(x + 3 + 2 * at, y + 1 + 2 * row, 2, 2, LIT);
      }
    });
  }
}

const [folder = "skylines", count = "200"] = Deno.args;
await Deno.mkdir(folder, { recursive: true });
for (let i = 0; i < Number(count); i++) {
  const png = encode({ width: SIZE, height: SIZE, data: skyline(i), depth: 8, channels: 3 });
  await Deno.writeFile(`${folder}/${String(i).padStart(4, "0")}.png`, png);
}
