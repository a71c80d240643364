/**
 * Environment variables, where Deno allows reading them.
 *
 * @module
 */

/**
 * A variable; undefined where it isn't set, or Deno doesn't allow reading it (this never prompts).
 */
export function variable(name: string): string | undefined {
  return isAllowed(name) ? Deno.env.get(name) : undefined;
}

function isAllowed(variable: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}
