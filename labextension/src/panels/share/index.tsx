/** The Share dialog. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { openModal } from '../../components/modal';
import { TextButton } from '../../components/basics';
import type { Session } from '../../models/session';
import { Sharing } from './sharing';

/** Open it for a project; it stays open until it is closed, or the project is gone. */
export function openShare(session: Session, name: string, trans: TranslationBundle): void {
  const title = session.projects.get(name)?.title ?? name;
  const modal = openModal({
    title: trans.__('Share %1', title),
    body: close => (
      <>
        <Sharing session={session} name={name} trans={trans} />
        <div className="sub-Modal-foot">
          <TextButton accept onClick={close}>
            {trans.__('Done')}
          </TextButton>
        </div>
      </>
    ),
    trans
  });
  const gone = (_: unknown, project: string) => {
    if (project === name) {
      modal.dispose();
    }
  };
  session.projects.gone.connect(gone);
  modal.disposed.connect(() => {
    session.projects.gone.disconnect(gone);
  });
}
