/**
 * A component a test needs and this machine may lack. Prints why it is skipped, or fails where
 * `TOLLBOOK_TEST_REQUIRE` (comma-separated names) says that it must be there.
 */
export function missing(component: string, reason: string): void {
  if (isRequired(component)) {
    throw new Error(`${component} is required by TOLLBOOK_TEST_REQUIRE but unavailable: ${reason}`);
  }
  process.stderr.write(`skipped, no ${component}: ${reason}\n`);
}

export function isRequired(component: string): boolean {
  const required = process.env['TOLLBOOK_TEST_REQUIRE'] ?? '';
  return required.split(',').some((name) => name.trim() === component);
}
