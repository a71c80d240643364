/**
 * Reads AMD's machine code, as RADV prints it: one instruction a line, blocks begin with "BB7:".
 *
 * @module
 */

/** Instructions of a loop's body, counted once each. */
export interface LoopCounts {
  readonly instructions: number;
  /** Fused multiplications and additions; an instruction that does two counts twice. */
  readonly multiplyAdds: number;
  /** Instructions that read workgroup memory, at most 128 bits a lane each. */
  readonly workgroupReads: number;
  readonly workgroupWrites: number;
  /** Vector instructions that read, or write, global memory. */
  readonly memoryReads: number;
  readonly memoryWrites: number;
}

const counted = (body: readonly string[], pattern: RegExp) =>
  body.reduce((sum, line) => sum + (line.match(pattern)?.length ?? 0), 0);

function countsOf(body: readonly string[]): LoopCounts {
  return {
    instructions: body.length,
    // In v_dual_fmac_f32 ... :: v_dual_fmac_f32 the name is there twice.
    multiplyAdds: counted(body, /\bv_(dual_)?(fma|mad_f|mac_f)\w*/g) +
      2 * counted(body, /\bv_(pk_fma|dot2)\w*/g),
    workgroupReads: counted(body, /^ds_(read|load)\w*/g),
    workgroupWrites: counted(body, /^ds_(write|store)\w*/g),
    memoryReads: counted(body, /^(buffer|global)_load\w*/g),
    memoryWrites: counted(body, /^(buffer|global)_store\w*/g),
  };
}

/**
 * The innermost loop with the most multiply-adds, or without any the longest; undefined where the
 * code has no loop.
 */
export function hottestLoop(assembly: string): LoopCounts | undefined {
  const lines = assembly.split("\n").map((line) => line.replace(/;.*/, "").trim());
  const labels = new Map<string, number>();
  lines.forEach((line, i) => {
    if (/^BB\d+:$/.test(line)) labels.set(line.slice(0, -1), i);
  });
  // A branch back closes a loop.
  const loops = lines.flatMap((line, end) => {
    const start = labels.get(line.match(/^s_c?branch\w*\s+(BB\d+)/)?.[1] ?? "") ?? end;
    return start < end ? [{ start, end }] : [];
  });
  const inner = loops.filter((a) =>
    !loops.some((b) => b !== a && b.start >= a.start && b.end <= a.end)
  );
  return inner
    .map(({ start, end }) =>
      countsOf(lines.slice(start, end + 1).filter((line) => line !== "" && !line.startsWith("BB")))
    )
    .sort((a, b) => b.multiplyAdds - a.multiplyAdds || b.instructions - a.instructions)[0];
}
