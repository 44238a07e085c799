const whole = new Intl.NumberFormat('en');

export const count = (value) => whole.format(Math.round(value));

/** "0.4 s", "12 s", "3 min", "2 h". */
export function age(ms) {
  if (ms < 1_000) return ms < 100 ? '0 s' : `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 90_000) return `${Math.round(ms / 1_000)} s`;
  return ms < 5_400_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

/** "0:42", "61:05". */
export function length(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}

/** Time of day, with the day where it is not today (UTC). */
export function clockTime(iso, now = new Date()) {
  const time = iso.slice(11, 19);
  return iso.slice(0, 10) === now.toISOString().slice(0, 10) ? time : `${iso.slice(5, 10)} ${time}`;
}

/** Offset from the first event: "+0.0 s", "+1:05 min". */
export function offset(fromIso, iso) {
  const ms = Date.parse(iso) - Date.parse(fromIso);
  if (Math.abs(ms) < 60_000) return `${ms < 0 ? '−' : '+'}${(Math.abs(ms) / 1_000).toFixed(1)} s`;
  return `${ms < 0 ? '−' : '+'}${length(Math.abs(ms) / 1_000)}`;
}

/** `no_answer` as words. */
export const words = (code) => String(code).replaceAll(/[_.]/g, ' ');
