// Turns of phrase that no reader should meet in prose, help, errors, comments, or names of tests.

/** A turn of phrase, and what to write in its place. */
interface Phrase {
  /** Matches it; a space stands for any break between words, such as that of a wrapped comment. */
  readonly found: string;
  readonly instead: string;
}

/** Keep this list short: each entry must be wrong wherever it stands. */
export const PHRASES: readonly Phrase[] = [
  { found: "[Gg](?:o|oes|oing|one) on (?:with|from|where|after)", instead: "continue, resume" },
  { found: "(?:is|are|was|were|be) told", instead: "name who says it: prints, reports" },
  { found: "[Tt]old (?:apart|otherwise)", instead: "distinguish; by default" },
  { found: "unless told", instead: "by default" },
  { found: "(?:may not|can't|is to) be had", instead: "name who lacks what" },
  { found: "(?:is|are) not to be", instead: "can't be, must not be" },
  { found: "so manieth", instead: "every Nth" },
  { found: "(?:[.:;] |[\"'`])Whose", instead: "a sentence with its own subject" },
  { found: "(?:in|of|with|from) whose", instead: "two sentences" },
  { found: "beg[iu]ns? (?:anew|afresh)", instead: "start over, start fresh" },
  { found: "no finite", instead: "not finite" },
  { found: "knows no classes", instead: "has no classes" },
];

/** What stands between two words of a sentence in a source: blanks, comment marks, joined strings. */
const BREAK = String.raw`(?:[ \n]|(?<=\n\s*)(?:\*|//)|["'\`] ?\+|(?<=\+\s*)["'\`])+`;

const patterns = PHRASES.map(({ found, instead }) => ({
  pattern: new RegExp(String.raw`(?:\b|(?=\W))${found.replaceAll(" ", BREAK)}\b`, "g"),
  instead,
}));

/** A place where a text has one of them. */
export interface Finding {
  /** Counted from 1. */
  readonly line: number;
  readonly found: string;
  readonly instead: string;
}

/** Finds them in a text, in the order of their lines. */
export function findPhrases(text: string): Finding[] {
  return patterns.flatMap(({ pattern, instead }) =>
    [...text.matchAll(pattern)].map(({ 0: found, index }) => ({
      line: text.slice(0, index).split("\n").length,
      found: found.replace(new RegExp(BREAK, "g"), " "),
      instead,
    }))
  ).sort((a, b) => a.line - b.line);
}
