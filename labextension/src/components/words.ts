/** Numbers, times and states as people read them. Pure; every word through the translator. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Capacity, Engine, Job, JobState, MetricValue, Progress } from '../api/types';
import { locale } from './locale';
import type { Axis } from '../models/curves';

/** What the name of an engine begins with that is a person's machine. */
const MACHINE = 'machine:';

/** A state as a word. */
export function stateWord(state: JobState, trans: TranslationBundle): string {
  switch (state) {
    case 'pending':
      return trans.__('Pending');
    case 'queued':
      return trans.__('Waiting');
    case 'running':
      return trans.__('Running');
    case 'succeeded':
      return trans.__('Succeeded');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
    case 'lost':
      return trans.__('Lost');
    default:
      return String(state);
  }
}

/** A job's state as a word; while it is being stopped, that is what matters. */
export function jobWord(job: Job, trans: TranslationBundle): string {
  const ending = job.target === 'stop' && !job.finished;
  return ending ? trans.__('Stopping') : stateWord(job.state, trans);
}

/** Seconds as `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number, trans: TranslationBundle): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  if (whole < 3600) {
    return trans.__('%1 min %2 s', Math.floor(whole / 60), whole % 60);
  }
  if (whole < 86_400) {
    return trans.__('%1 h %2 min', Math.floor(whole / 3600), Math.floor((whole % 3600) / 60));
  }
  return trans.__('%1 d %2 h', Math.floor(whole / 86_400), Math.floor((whole % 86_400) / 3600));
}

const AGES: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60]
];

/** `3 minutes ago`, in the lab's language. */
export function age(iso: string, now: number, trans: TranslationBundle): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  const found = AGES.find(([, size]) => seconds >= size);
  if (!found) {
    return trans.__('just now');
  }
  return ages(locale()).format(-Math.floor(seconds / found[1]), found[0]);
}

/** The exact time, for a hover. */
export function exactTime(iso: string): string {
  return times(locale()).format(new Date(iso));
}

/** To make one costs as much as to draw a row: one for each language. */
const ages = once(
  language => new Intl.RelativeTimeFormat(language, { numeric: 'always', style: 'narrow' })
);
const times = once(
  language => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' })
);

function once<T>(make: (language: string | undefined) => T): (language: string | undefined) => T {
  const made = new Map<string | undefined, T>();
  return language => {
    const known = made.get(language) ?? make(language);
    made.set(language, known);
    return known;
  };
}

/** `Today`, `Yesterday`, `Friday, 27 November`. */
export function dayWord(iso: string, now: number, trans: TranslationBundle): string {
  const day = new Date(iso).toDateString();
  if (day === new Date(now).toDateString()) {
    return trans.__('Today');
  }
  return day === new Date(now - 86_400_000).toDateString()
    ? trans.__('Yesterday')
    : new Date(iso).toLocaleDateString(locale(), { dateStyle: 'full' });
}

/** `1.5 GiB`. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log2(count) / 10));
  return `${Number((count / 1024 ** power).toFixed(1))} ${units[power]}`;
}

/** A metric's value in a few characters. */
export function metric(value: MetricValue | undefined): string {
  if (typeof value !== 'number') {
    return value === undefined ? '–' : value;
  }
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(4)));
}

/** Formats are dear to make, and every tick of every drawing needs one. */
const wholes = new Map<string | undefined, Intl.NumberFormat>();

/** A whole number in the lab's language: `1,234,567`. */
export function whole(number: number): string {
  const language = locale();
  const format =
    wholes.get(language) ?? new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  wholes.set(language, format);
  return format.format(number);
}

/** A place on a chart's axis: `Step 1,200`, `After 3 min 20 s`, `14:03:20`. */
export function placeWords(x: number, axis: Axis, trans: TranslationBundle): string {
  switch (axis) {
    case 'step':
      return trans.__('Step %1', whole(x));
    case 'time':
      return trans.__('After %1', duration(x, trans));
    case 'clock':
      return exactTime(new Date(x * 1000).toISOString());
  }
}

/** `42 % · 3 min 20 s left`, as much of it as is known. */
export function progressWords(progress: Progress, trans: TranslationBundle): string {
  const { fraction, eta_seconds: eta, message } = progress;
  const parts = [
    fraction === null ? null : trans.__('%1 %', Math.floor(fraction * 100)),
    message,
    eta === null ? null : trans.__('%1 left', duration(eta, trans))
  ];
  return parts.filter(part => part).join(' · ');
}

/** `2 jobs running, 1 waiting`, as much of it as there is; empty where there is nothing. */
export function underWay(running: number, waiting: number, trans: TranslationBundle): string {
  if (running === 0) {
    return waiting > 0 ? trans._n('%1 job waiting', '%1 jobs waiting', waiting) : '';
  }
  const jobs = trans._n('%1 job running', '%1 jobs running', running);
  return waiting > 0 ? `${jobs}, ${waitingWords(waiting, trans)}` : jobs;
}

/** `1 waiting`, beside the name of what it waits for. */
export function waitingWords(waiting: number, trans: TranslationBundle): string {
  return trans._n('%1 waiting', '%1 waiting', waiting);
}

/** What an engine is called by those who may use it. */
export function engineTitle(engine: Engine, trans: TranslationBundle): string {
  const owner = machineOwner(engine.name);
  return owner === null ? engine.title : trans.__("This machine (%1's server)", owner);
}

/** Where a job runs, for everybody who sees it: an engine's name, or whose machine it is. */
export function enginePlace(name: string, trans: TranslationBundle): string {
  const owner = machineOwner(name);
  return owner === null ? name : trans.__("%1's machine", owner);
}

/** Whose machine an engine is; null for one that is nobody's. */
function machineOwner(name: string): string | null {
  return name.startsWith(MACHINE) ? name.slice(MACHINE.length) : null;
}

/** `3/8 CPUs`, with GPUs where there are some. */
export function load(engine: Engine, trans: TranslationBundle): string {
  const { capacity, in_use: used } = engine;
  if (!capacity || !used) {
    return trans._n('%1 running', '%1 running', engine.running);
  }
  const cpus = trans.__('%1/%2 CPUs', round(used.cpu), round(capacity.cpu));
  return capacity.gpu ? `${cpus}, ${trans.__('%1/%2 GPUs', used.gpu, capacity.gpu)}` : cpus;
}

/** What an engine has in all: `8 CPUs, 16 GiB, 1 GPU`. */
export function capacityWords(capacity: Capacity, trans: TranslationBundle): string {
  return [
    trans._n('%1 CPU', '%1 CPUs', round(capacity.cpu)),
    bytes(capacity.memory),
    trans._n('%1 GPU', '%1 GPUs', capacity.gpu)
  ].join(', ');
}

/** Two letters for a person. */
export function initials(name: string): string {
  const words = name.split(/[\s._@-]+/).filter(word => word !== '');
  const letters = words.length > 1 ? words[0][0] + words[1][0] : name.slice(0, 2);
  return letters.toUpperCase();
}

function round(number: number): number {
  return Number(number.toFixed(1));
}
