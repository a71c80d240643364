/**
 * The owner of timers.
 *
 * @module
 */

/**
 * Whether timers belong to the program. In Cloudflare's workerd a timer belongs to the request that
 * set it and ends with it, as does everything that waits for it. Modules can't set timers there
 * while they load, which detects this.
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
