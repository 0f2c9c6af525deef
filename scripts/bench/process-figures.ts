/** What a process has used, by the kernel's own account: a peer cannot misreport it. Linux only. */
import { existsSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** @throws Error on another system than Linux, in words. */
export function assertMeasurable(): void {
  if (!existsSync('/proc/self/stat')) throw new Error('CPU time is read from /proc: the bench needs Linux.');
}

/** CPU time of all threads of a process, its own and the kernel's on its behalf, in microseconds. */
export function cpuTimeUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program is in parentheses and can contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

/** Resident memory in megabytes, now and at its highest. */
export function memoryMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const figure = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: figure('VmRSS'), peak: figure('VmHWM') };
}

/** CPU time that all processes of the machine have used, and the kernel, in microseconds. */
export function machineCpuTimeUs(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (
    /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? ''
  )
    .split(' ')
    .map(Number);
  return ((user + nice + system + irq + softirq) / ticksPerSecond) * 1e6;
}
