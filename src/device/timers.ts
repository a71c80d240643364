/**
 * The owner of timers.
 *
 * @module
 */

/**
 * Whether a timer is the program's. In Cloudflare's workerd it is the request's that set it and ends
 * with it, and so does all that waits for it, whoever asked for that. None can be set there while
 * modules are loaded, which is how that is found out.
 */
export const timersStay: boolean = /* @__PURE__ */ canSetTimer();

function canSetTimer(): boolean {
  try {
    clearTimeout(setTimeout(() => {}));
    return true;
  } catch {
    return false;
  }
}
