import { readFileSync, readdirSync } from 'node:fs';

const ticksPerSecond = 100;

/** What a process has used so far; zero once it is gone. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentMb: number;
  readonly peakMb: number;
}

/** Reads /proc; on systems without it every figure is zero. */
export function usageOf(pid: number): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kb = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      residentMb: kb('VmRSS') / 1024,
      peakMb: kb('VmHWM') / 1024,
    };
  } catch {
    return { cpuSeconds: 0, residentMb: 0, peakMb: 0 };
  }
}

/** CPU of a process and its children; what dead children used is in the parent's own count. */
export function treeCpuSeconds(root: number): number {
  let sum = 0;
  try {
    const own = readFileSync(`/proc/${root}/stat`, 'utf8');
    const fields = own.slice(own.lastIndexOf(')') + 2).split(' ');
    sum = fields.slice(11, 15).reduce((total, ticks) => total + Number(ticks), 0) / ticksPerSecond;
    for (const task of readdirSync(`/proc/${root}/task`)) {
      const children = readFileSync(`/proc/${root}/task/${task}/children`, 'utf8').trim();
      for (const child of children.split(' ').filter(Boolean))
        sum += usageOf(Number(child)).cpuSeconds;
    }
  } catch {
    return sum;
  }
  return sum;
}
