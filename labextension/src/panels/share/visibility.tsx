/** Who sees a project besides its members. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Project, Visibility } from '../../api/types';
import { visibilitySentence, visibilityWord } from '../../components/projectwords';
import { may } from '../../models/rights';
import type { Session } from '../../models/session';

const CHOICES: readonly Visibility[] = ['private', 'internal'];

/** Opening a project is its owners' choice; closing it also an admin's. */
export function VisibilityChoice(props: {
  session: Session;
  project: Project;
  act: (action: () => Promise<unknown>) => Promise<boolean>;
  busy: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { session, project, act, busy, trans } = props;
  const id = React.useId();
  const change = async (visibility: Visibility) => {
    session.projects.put(await session.api.sharing.change(project.name, { visibility }));
  };
  const allowed = (visibility: Visibility) =>
    may(project, 'project:write') || (visibility === 'private' && may(project, 'visibility:lower'));
  return (
    <fieldset className="sub-Visibility">
      <legend>{trans.__('Who else sees it')}</legend>
      {CHOICES.map(visibility => (
        <label key={visibility}>
          <input
            type="radio"
            name={`${id}-visibility`}
            checked={project.visibility === visibility}
            disabled={busy || !allowed(visibility)}
            onChange={() => void act(() => change(visibility))}
          />
          <span>
            <strong>{visibilityWord(visibility, trans)}</strong>{' '}
            {visibilitySentence(visibility, trans)}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
