/** A draft as a text that one may write in: what stands there, and what is wrong with it. */
import type { JobSpec } from '../api/types';
import type { Fault, Format } from './spectext';

type Language = typeof import('./spectext');

/** See the module's comment. Loads the parser when it is first opened. */
export class SpecPage {
  get text(): string {
    return this._text;
  }

  get faults(): readonly Fault[] {
    return this._faults;
  }

  /** Whether something was typed that the draft itself does not say. */
  get touched(): boolean {
    return this._text !== this._clean;
  }

  /**
   * Show a spec; with `text` what somebody had written stands there instead, as it does where
   * this format was left with the same spec. Returns the spec that the text says.
   */
  async open(format: Format, spec: JobSpec, text: string | null): Promise<JobSpec | null> {
    this._language ??= await import('./spectext');
    this._format = format;
    const left = this._left.get(format);
    const same = left?.spec === JSON.stringify(spec);
    this._clean = this._language.render(spec, format);
    return this.write(text ?? (same ? left.text : this._clean));
  }

  /** Remember what stands here for when the format is shown again. */
  leave(spec: JobSpec): void {
    this._left.set(this._format, { text: this._text, spec: JSON.stringify(spec) });
  }

  /** Something was typed. Returns the spec that it says; null where it can't be read. */
  write(text: string): JobSpec | null {
    const found = this._language?.parse(text);
    this._text = text;
    this._faults = found?.faults ?? [];
    return found?.spec ?? null;
  }

  /** Show the spec as it is now; what was typed is gone. */
  render(spec: JobSpec): void {
    this._clean = this._language?.render(spec, this._format) ?? '';
    this._text = this._clean;
    this._faults = [];
  }

  /** The line in which a field stands. */
  lineOf(field: string): number | null {
    return this._language?.lineOf(this._text, field) ?? null;
  }

  private readonly _left = new Map<Format, { text: string; spec: string }>();
  private _language: Language | null = null;
  private _format: Format = 'json';
  private _text = '';
  /** The text that the spec makes, without what was typed. */
  private _clean = '';
  private _faults: readonly Fault[] = [];
}
