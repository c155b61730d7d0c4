/** Where a team comes from that nobody here decides about. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Team } from '../api/types';

interface GroupNoteProps {
  team: Team;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function GroupNote({ team, trans }: GroupNoteProps): React.ReactElement | null {
  return team.group === null ? null : (
    <p>{trans.__('This team is the group %1 of JupyterHub and is changed there.', team.group)}</p>
  );
}
