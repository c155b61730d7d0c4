/**
 * A job on its way: the draft in three views (form, JSON, YAML), what was found wrong, what the
 * server foresees, and the sending. It knows no widgets; words are made by who shows it.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Problem, sentenceOf } from '../api/problem';
import type { Bundle, Finding, Fix, Job, JobSpec, Preflight } from '../api/types';
import { defining, imports } from './cells';
import {
  EMPTY_DRAFT,
  folderAt,
  folderOf,
  write,
  type Draft,
  type Mistake,
  type Written
} from './draft';
import { read } from './draftread';
import { patched } from './mergepatch';
import type { Parameter } from './parameters';
import { Sending, type Post } from './sending';
import { SpecPage } from './specpage';
import type { Fault, Format } from './spectext';

/** Milliseconds that a draft rests before it is looked at. */
const REST = 900;

/** What the form asks of the server and of the lab. */
export interface Desk extends Post {
  preflight: (project: string, spec: JobSpec) => Promise<Preflight>;
  /** `project`: whose notebook it is; empty: the server's. */
  parameters: (notebook: string, project: string) => Promise<Parameter[]>;
  /** The project that jobs of the server's files go to. */
  project: () => string;
}

export type FormView = 'form' | Format;

/** What is kept of a form over a reload. `text` is what stands in the text view. */
export interface Kept {
  draft: Draft;
  view: FormView;
  text: string;
}

/** What is wrong, as it was found: in the form, by the server, or in passing. */
export type Wrong =
  | { kind: 'mistakes'; mistakes: readonly Mistake[] }
  | { kind: 'problem'; problem: Problem }
  | { kind: 'field'; field: string; sentence: string };

/** What the check has come to. `stale`: the draft has changed since. */
export type CheckState = 'none' | 'checking' | 'done' | 'stale';

/** See the module's comment. */
export class NewJobModel implements IDisposable {
  constructor(
    private readonly _desk: Desk,
    initial: Partial<Draft>,
    kept: Kept | null = null
  ) {
    this._sending = new Sending(_desk);
    this._begun = { ...EMPTY_DRAFT, ...initial };
    this._draft = kept ? { ...EMPTY_DRAFT, ...kept.draft } : this._begun;
    void this._readParameters();
    if (kept && kept.view !== 'form') {
      void this._openText(kept.view, kept.text);
    } else {
      this._lookLater();
    }
  }

  get draft(): Draft {
    return this._draft;
  }

  /** What the chosen notebook declares. */
  get declared(): readonly Parameter[] {
    return this._declared;
  }

  get view(): FormView {
    return this._view;
  }

  /** The text of a text view, and what is wrong with it. */
  get text(): string {
    return this._page.text;
  }

  get faults(): readonly Fault[] {
    return this._page.faults;
  }

  get wrong(): Wrong | null {
    return this._wrong;
  }

  get check(): CheckState {
    return this._check;
  }

  get findings(): readonly Finding[] {
    return this._findings;
  }

  /** Where it would run, as the last check said. */
  get engine(): string | null {
    return this._engine;
  }

  /** What travels, as it was last packed; null where that is not known of this folder. */
  get packed(): Bundle | null {
    return this._sending.packed(this._draft);
  }

  get sending(): boolean {
    return this._isSending;
  }

  /** Whether there is something that would be a pity to lose. */
  get touched(): boolean {
    return (
      JSON.stringify(this._draft) !== JSON.stringify(this._begun) ||
      (this._view !== 'form' && this._page.touched)
    );
  }

  get kept(): Kept {
    return { draft: this._draft, view: this._view, text: this.text };
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Something was typed or chosen in the form. */
  change(part: Partial<Draft>): void {
    const before = this._draft;
    this._draft = { ...before, ...part };
    this._begin();
    if (this._draft.file !== before.file || this._draft.project !== before.project) {
      void this._readParameters();
    }
  }

  /** A file was chosen: its folder goes along. */
  chooseFile(file: string): void {
    this.change({ file, folder: folderOf(file), bundle: '', parameters: {}, project: '' });
  }

  /** A folder was chosen in the server's files. */
  chooseFolder(folder: string): void {
    this.change({ folder, travels: true, bundle: '', project: '' });
  }

  /** Show another view. A text that can't be read keeps its own: nothing in it gets lost. */
  async setView(view: FormView): Promise<void> {
    if (view === this._view || this.faults.length > 0) {
      return;
    }
    if (this._view !== 'form') {
      this._page.leave(this._written().spec);
    }
    if (view === 'form') {
      this._view = view;
      this._emit();
    } else {
      await this._openText(view, null);
    }
  }

  /** Something was typed in a text view. */
  setText(text: string): void {
    this._say(this._page.write(text));
    this._begin();
  }

  /** Back to the text of the draft as it is. */
  discardText(): void {
    this._page.render(this._written().spec);
    this._begin();
  }

  /** The line of the text in which a field stands. */
  lineOf(field: string): number | null {
    return this._page.lineOf(field);
  }

  /** Where jobs go is known by now: a draft that waited for it may be looked at. */
  wake(): void {
    if (this._check === 'none') {
      this._lookLater();
    }
  }

  /** Ask what is known of such a job. `fresh`: pack the folder again. */
  async look(fresh = true): Promise<void> {
    window.clearTimeout(this._timer);
    if (this._project === '') {
      return;
    }
    const { spec, mistakes } = this._written();
    if (mistakes.length > 0 || this.faults.length > 0) {
      this._wrong = mistakes.length > 0 ? { kind: 'mistakes', mistakes } : this._wrong;
      this._emit();
      return;
    }
    const turn = ++this._turn;
    this._check = 'checking';
    this._emit();
    try {
      const whole = await this._sending.whole(spec, this._draft, fresh);
      const { engine, findings } = await this._desk.preflight(this._project, whole);
      this._found(turn, engine, findings);
    } catch (error) {
      const field = error instanceof Problem ? error.field : null;
      const text = sentenceOf(error);
      this._found(turn, null, [{ text, field, fatal: true, names: [], fixes: [] }]);
    }
  }

  /** Take a way out, and look again. */
  apply(fix: Fix): void {
    const { folder, spec } = fix;
    if (folder) {
      const above = folderAt(this._draft.folder, folder);
      if (above !== null) {
        this._change({ folder: above });
      }
    } else {
      const now = this._written().spec;
      this._change(read(patched(now, spec) as JobSpec, this._draft, this._declared));
    }
    void this.look(false);
  }

  /** Cells of the notebook that define what a finding says is not defined. */
  definitions(finding: Finding): string[] {
    return finding.field === 'code' ? defining(finding.names, this._draft.above) : [];
  }

  /** Put cells of the notebook before the code. */
  prepend(cells: readonly string[]): void {
    this._change({ code: [...cells, this._draft.code].join('\n\n') });
    void this.look(false);
  }

  /** Put the notebook's own imports of what is not defined before the code; false: none. */
  prependImports(): boolean {
    const { above, code } = this._draft;
    const names = this._findings.filter(({ field }) => field === 'code').flatMap(one => one.names);
    const lines = imports(names, above);
    if (lines.length > 0) {
      this._change({ code: [...lines, code].join('\n') });
    }
    return lines.length > 0;
  }

  /** Send it. A repeat after a failure can't make a second job. Null where it was refused. */
  async submit(): Promise<Job | null> {
    const { spec, mistakes } = this._written();
    if (mistakes.length > 0 || this.faults.length > 0) {
      this._wrong = { kind: 'mistakes', mistakes };
      this._emit();
      return null;
    }
    this._isSending = true;
    this._wrong = null;
    this._emit();
    try {
      const whole = await this._sending.whole(spec, this._draft, true);
      return await this._sending.send(this._project, whole);
    } catch (error) {
      this._wrong = wrongOf(error);
      // What the engine or a quota refuses may have a way out.
      void this.look(false);
      return null;
    } finally {
      this._isSending = false;
      this._emit();
    }
  }

  dispose(): void {
    this._disposed = true;
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  private get _project(): string {
    return this._draft.project || this._desk.project();
  }

  private _written(): Written {
    return write(this._draft, this._declared);
  }

  /** What is shown of the past is the past's: errors go, findings are old. */
  private _begin(): void {
    this._wrong = null;
    this._turn++;
    this._check = this._check === 'none' ? 'none' : 'stale';
    this._lookLater();
    this._emit();
  }

  private _lookLater(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      if (this.faults.length === 0 && this._written().mistakes.length === 0) {
        void this.look(false);
      }
    }, REST);
  }

  /** A change that did not come from the view that is shown: its text follows. */
  private _change(part: Partial<Draft>): void {
    this.change(part);
    if (this._view !== 'form') {
      this._page.render(this._written().spec);
    }
  }

  private _found(turn: number, engine: string | null, findings: readonly Finding[]): void {
    if (turn === this._turn && !this._disposed) {
      this._check = 'done';
      this._engine = engine;
      this._findings = findings;
      this._emit();
    }
  }

  private async _openText(view: Format, text: string | null): Promise<void> {
    const said = await this._page.open(view, this._written().spec, text);
    this._view = view;
    this._say(said);
    this._lookLater();
    this._emit();
  }

  /** The draft is what a text says, where it can be read. */
  private _say(spec: JobSpec | null): void {
    const { file } = this._draft;
    if (spec) {
      this._draft = read(spec, this._draft, this._declared);
    }
    if (this._draft.file !== file) {
      void this._readParameters();
    }
  }

  private async _readParameters(): Promise<void> {
    const { kind, file, project } = this._draft;
    const notebook = kind === 'notebook' && file.endsWith('.ipynb') ? file : null;
    if (notebook === null) {
      this._declared = [];
      return;
    }
    try {
      const found = await this._desk.parameters(notebook, project);
      if (this._draft.file === file && this._draft.project === project) {
        this._declared = found;
      }
    } catch (error) {
      this._wrong = { kind: 'field', field: 'notebook', sentence: sentenceOf(error) };
    }
    this._emit();
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _page = new SpecPage();
  private readonly _sending: Sending;
  private readonly _begun: Draft;
  private _draft: Draft;
  private _declared: readonly Parameter[] = [];
  private _view: FormView = 'form';
  private _wrong: Wrong | null = null;
  private _check: CheckState = 'none';
  private _findings: readonly Finding[] = [];
  private _engine: string | null = null;
  private _isSending = false;
  private _timer = 0;
  private _turn = 0;
  private _disposed = false;
}

function wrongOf(error: unknown): Wrong {
  return error instanceof Problem
    ? { kind: 'problem', problem: error }
    : { kind: 'field', field: 'general', sentence: sentenceOf(error) };
}
