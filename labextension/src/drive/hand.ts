/** Tells saves that somebody asked for from those of the lab's timer. */
import type { CommandRegistry } from '@lumino/commands';

const SAVES: ReadonlySet<string> = new Set([
  'docmanager:save',
  'docmanager:save-all',
  'docmanager:save-as',
  'submarine:run-notebook'
]);

/** See the module's comment. */
export class HandSaves {
  constructor(commands: CommandRegistry) {
    commands.commandExecuted.connect(this._executed, this);
  }

  /** Whether a save that somebody asked for is under way. */
  get active(): boolean {
    return this._count > 0;
  }

  /** Do a save that somebody asked for. What it failed with was said by whoever saves. */
  async during(save: () => Promise<unknown>): Promise<void> {
    this._count++;
    try {
      await save();
    } catch {
      // The lab showed a dialog, or somebody called it off.
    } finally {
      this._count--;
    }
  }

  private _executed(
    _: CommandRegistry,
    { id, result }: CommandRegistry.ICommandExecutedArgs
  ): void {
    if (SAVES.has(id)) {
      void this.during(() => result);
    }
  }

  private _count = 0;
}
