/** The dialog that makes a project. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { openModal } from '../../components/modal';
import { Naming } from '../../components/naming';
import type { Session } from '../../models/session';

/** Make a project and work in it. */
export function openNewProject(session: Session, trans: TranslationBundle): void {
  openModal({
    title: trans.__('New project'),
    body: close => (
      <Naming
        action={trans.__('Create')}
        onMake={async (name, title) => {
          const project = await session.api.sharing.create({ name, title });
          session.projects.put(project);
          session.projects.select(project.name);
          close();
        }}
        onCancel={close}
        trans={trans}
      />
    ),
    trans
  });
}
