/** What people have chosen in the lab's settings about what stands around the views, live. */
import { ISignal, Signal } from '@lumino/signaling';

/** The part of the lab's settings that is used, so that tests can bring their own. */
export interface Settings {
  readonly composite: { readonly [name: string]: unknown };
  readonly changed: { connect: (slot: () => void) => unknown };
}

/** How a job can end, as far as a message about it can be chosen. */
export type Ending = 'succeeded' | 'failed' | 'cancelled';

/** Until the settings are there, and in a lab that has none: as the schema says by default. */
const DEFAULTS = {
  notifications: true,
  notificationsFor: { succeeded: true, failed: true, cancelled: true },
  statusBar: true,
  documentTitle: false
};

/** See the module's comment. */
export class Preferences {
  get statusBar(): boolean {
    return this._read('statusBar');
  }

  get documentTitle(): boolean {
    return this._read('documentTitle');
  }

  /** Whether a job that ended so is worth a message. */
  tells(ending: Ending): boolean {
    const chosen = this._composite.notificationsFor as { [ending: string]: unknown } | undefined;
    return this._read('notifications') && (chosen?.[ending] ?? true) === true;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Follow the settings from now on. */
  follow(settings: Settings): void {
    const read = () => {
      this._composite = settings.composite;
      this._changed.emit();
    };
    settings.changed.connect(read);
    read();
  }

  private _read(name: 'notifications' | 'statusBar' | 'documentTitle'): boolean {
    return (this._composite[name] ?? DEFAULTS[name]) === true;
  }

  private readonly _changed = new Signal<this, void>(this);
  private _composite: Settings['composite'] = DEFAULTS;
}
