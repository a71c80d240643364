/** A zip archive of stored entries, without checksums; `wide` as for archives beyond 4 GB. */
export function zipOf(
  files: Record<string, Uint8Array>,
  { wide = false, comment = "" } = {},
): Uint8Array<ArrayBuffer> {
  const parts: number[] = [];
  const u16 = (n: number) => [n & 255, n >>> 8 & 255];
  const u32 = (n: number) => [...u16(n), ...u16(n >>> 16)];
  const u64 = (n: number) => [...u32(n), 0, 0, 0, 0];
  const zeros = (count: number) => Array<number>(count).fill(0);
  const entries = Object.entries(files).map(([name, data]) => {
    const offset = parts.length;
    const bytes = [...new TextEncoder().encode(name)];
    const length = u32(data.length);
    const sizes = [...zeros(4), ...length, ...length, ...u16(bytes.length)];
    parts.push(...u32(0x04034b50), ...u16(20), ...zeros(8), ...sizes, 0, 0, ...bytes, ...data);
    const mark = u32(0xffffffff);
    const extra = [...u16(1), ...u16(24), ...u64(data.length), ...u64(data.length), ...u64(offset)];
    return [
      ...u32(0x02014b50),
      ...zeros(12),
      ...(wide
        ? [...zeros(4), ...mark, ...mark, ...u16(bytes.length), ...u16(28)]
        : [...sizes, 0, 0]),
      ...zeros(10),
      ...(wide ? mark : u32(offset)),
      ...bytes,
      ...(wide ? extra : []),
    ];
  });
  const begin = parts.length;
  for (const entry of entries) parts.push(...entry);
  const size = parts.length - begin;
  const count = entries.length;
  if (wide) {
    const record = parts.length;
    parts.push(...u32(0x06064b50), ...zeros(20), ...u64(count), ...u64(count));
    parts.push(...u64(size), ...u64(begin), ...u32(0x07064b50), ...zeros(4), ...u64(record));
    parts.push(...zeros(4));
  }
  parts.push(...u32(0x06054b50), ...zeros(4), ...u16(wide ? 0xffff : count), ...u16(count));
  parts.push(...u32(size), ...u32(wide ? 0xffffffff : begin), ...u16(comment.length));
  return Uint8Array.from([...parts, ...new TextEncoder().encode(comment)]);
}
