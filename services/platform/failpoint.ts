/**
 * Named points at which a fault test ends the process as `kill -9` would. Without a plan every
 * point is a no-op call.
 */
export type Failpoint = (name: string) => void;

/** @param plan `name` or `name:count`: die at the count-th time (from 1) the point is reached. */
export function createFailpoint(plan: string): Failpoint {
  if (plan === '') return () => undefined;
  const [wanted, count] = plan.split(':');
  let left = count === undefined ? 1 : Number(count);
  return (name) => {
    if (name !== wanted) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
