// The types of jsr:@std/cli, of the function and the options that this project uses.

export interface ParseOptions<
  Booleans extends string,
  Strings extends string,
  Collected extends string,
> {
  boolean?: readonly Booleans[];
  string?: readonly Strings[];
  collect?: readonly Collected[];
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/**
 * Booleans are there in any case, strings perhaps, collected ones as a list. Nothing is known of
 * other flags.
 */
export type Args<Booleans extends string, Strings extends string, Collected extends string> =
  & { [Name in Booleans]: boolean }
  & { [Name in Exclude<Strings, Collected>]?: string }
  & { [Name in Extract<Strings, Collected>]: string[] }
  & Record<string, unknown>
  & { _: (string | number)[] };

export function parseArgs<
  const Booleans extends string = never,
  const Strings extends string = never,
  const Collected extends string = never,
>(
  args: string[],
  options?: ParseOptions<Booleans, Strings, Collected>,
): Args<Booleans, Strings, Collected>;
