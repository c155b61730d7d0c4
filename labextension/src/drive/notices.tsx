/** The line above a document: who saved meanwhile, that it is read-only. One a document. */
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface Notice {
  text: string;
  /** Something is not saved or not possible: said at once by screen readers. */
  urgent?: boolean;
  actions?: readonly { label: string; run: () => void }[];
}

/** Which notices there are; the first of them that is set is shown. */
export type NoticeKind = 'lost' | 'unsaved' | 'saved' | 'viewer';

const ORDER: readonly NoticeKind[] = ['lost', 'unsaved', 'saved', 'viewer'];

/** See the module's comment. */
export class NoticeLine extends ReactWidget {
  constructor() {
    super();
    this.addClass('sub-Notice');
    this.hide();
  }

  /** Say something, or with null no longer. */
  tell(kind: NoticeKind, notice: Notice | null): void {
    if (notice === null) {
      this._notices.delete(kind);
    } else {
      this._notices.set(kind, notice);
    }
    this.setHidden(this._notices.size === 0);
    this.update();
  }

  protected render(): React.ReactElement | null {
    const kind = ORDER.find(one => this._notices.has(one));
    const notice = kind && this._notices.get(kind);
    if (!notice) {
      return null;
    }
    const { text, urgent, actions = [] } = notice;
    return (
      <div className="sub-Notice-line" role={urgent ? 'alert' : 'status'} title={text}>
        <span className="sub-Notice-text">{text}</span>
        {actions.map(({ label, run }) => (
          <button
            key={label}
            type="button"
            className="jp-Button jp-mod-styled sub-mod-quiet sub-TextButton"
            onClick={run}
          >
            {label}
          </button>
        ))}
      </div>
    );
  }

  private readonly _notices = new Map<NoticeKind, Notice>();
}
