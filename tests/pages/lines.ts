// Links to lines: [`code`](file#L12), where line 12 of the file holds the code.

const LINK = /\[`([^`]+)`\]\(([^)#\s]+)#L\d+\)/g;

/**
 * A page with the line numbers that its links should have: those of the lines with the code.
 *
 * @param read gives a linked file, by its path from the page
 * @throws {Error} when a file has no line with the code of a link, or several
 */
export function withLines(page: string, read: (path: string) => string): string {
  return page.replace(LINK, (_, code: string, path: string) => {
    const lines = read(path).split("\n");
    const at = lines.findIndex((line) => line.includes(code));
    if (at < 0) throw new Error(`${path} has no line with ${code}`);
    if (lines.findLastIndex((line) => line.includes(code)) > at) {
      throw new Error(`${path} has several lines with ${code}`);
    }
    return `[\`${code}\`](${path}#L${at + 1})`;
  });
}
