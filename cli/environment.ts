/**
 * Environment variables, where Deno allows reading them.
 *
 * @module
 */

/** A variable; undefined where it isn't set, or Deno was not allowed to read it (nobody is asked then). */
export function variable(name: string): string | undefined {
  return isAllowed(name) ? Deno.env.get(name) : undefined;
}

function isAllowed(variable: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}
