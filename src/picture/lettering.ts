/**
 * Words in pixels: the common font of 5 x 7 points of small displays, for ASCII.
 *
 * @module
 */

/** Points from the top of a letter to its foot. */
export const LETTER_HEIGHT = 7;

const BLANK = " ".charCodeAt(0);

/** Letters from "!" to "~", each five columns of two hexadecimal digits, the lowest bit on top. */
const GLYPHS = "00005f00000007000700147f147f14242a7f2a12231308646236495620500005030000001c224100" +
  "0041221c0014083e081408083e080800503000000808080808006060000020100804023e5149453e" +
  "00427f400042615149462141454b311814127f1027454545393c4a49493001710905033649494936" +
  "064949291e003636000000563600000814224100141414141400412214080201510906324979413e" +
  "7e1111117e7f494949363e414141227f4141221c7f494949417f090909013e4149497a7f0808087f" +
  "00417f41002040413f017f081422417f404040407f020c027f7f0408107f3e4141413e7f09090906" +
  "3e4151215e7f09192946464949493101017f01013f4040403f1f2040201f3f4038403f6314081463" +
  "07087008076151494543007f41410002040810200041417f00040201020440404040400001020400" +
  "20545454787f484444383844444420384444487f3854545418087e09010218a4a4a47c7f08040478" +
  "00447d40004080847d007f1028440000417f40007c041804787c080404783844444438fc24242418" +
  "18242418fc7c080404084854545420043f4440203c4040207c1c2040201c3c4030403c4428102844" +
  "1ca0a0a07c4464544c44000836410000007f000000413608001008081008";

/** The replacement for a letter that the font lacks. */
const UNKNOWN = "?".charCodeAt(0);

/**
 * Columns of a word, each with its lowest bit on top: letters one point apart, without empty
 * columns around them.
 */
export function lettering(word: string): Uint8Array {
  const columns: number[] = [];
  // Letters with accents lose them: é becomes e.
  for (const letter of word.normalize("NFKD").replace(/\p{M}/gu, "")) {
    if (columns.length > 0) columns.push(0);
    columns.push(...columnsOf(letter.codePointAt(0)!));
  }
  return Uint8Array.from(columns);
}

function columnsOf(code: number): number[] {
  if (code === BLANK) return [0];
  const at = 10 * (code - BLANK - 1);
  if (at < 0 || at >= GLYPHS.length) return columnsOf(UNKNOWN);
  const all = [0, 2, 4, 6, 8].map((digit) =>
    parseInt(GLYPHS.slice(at + digit, at + digit + 2), 16)
  );
  return all.slice(all.findIndex(Boolean), all.findLastIndex(Boolean) + 1);
}

/** The columns of as much of a word as fits, with two points where something is left out. */
export function fittedLettering(word: string, columns: number): Uint8Array {
  const whole = lettering(word);
  if (whole.length <= columns) return whole;
  const letters = [...word];
  for (let kept = letters.length - 1; kept > 0; kept--) {
    const part = lettering(`${letters.slice(0, kept).join("").trimEnd()}..`);
    if (part.length <= columns) return part;
  }
  return whole.subarray(0, columns);
}
