/** The Project section of the panel: its files, who is in it, and the way to share it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Project } from '../../api/types';
import { TextButton } from '../../components/basics';
import { useReading } from '../../components/hooks';
import { Who } from '../../components/people';
import { roleWord } from '../../components/projectwords';
import { Waiting } from '../../components/waiting';
import { membersOf } from '../../models/members';
import { may } from '../../models/rights';
import type { Session } from '../../models/session';
import { ProjectFiles } from './files';

export interface ProjectActions {
  openProject: (name: string) => void;
  share: (name: string) => void;
  openFile: (project: string, path: string) => void;
  /** Open a notebook that was just made, with the server's usual kernel. */
  openNew: (project: string, path: string) => void;
}

export interface ProjectSectionProps {
  session: Session;
  project: Project;
  actions: ProjectActions;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function ProjectSection(props: ProjectSectionProps): React.ReactElement {
  const { project, actions, trans } = props;
  return (
    <div className="sub-Section sub-mod-scrolls">
      {project.description && <p className="sub-Description">{project.description}</p>}
      {may(project, 'file:read') && <ProjectFiles {...props} />}
      {may(project, 'member:read') && <Members {...props} />}
      <div className="sub-Controls">
        <TextButton onClick={() => actions.openProject(project.name)}>
          {trans.__('Open the project…')}
        </TextButton>
      </div>
    </div>
  );
}

function Members(props: ProjectSectionProps): React.ReactElement {
  const { session, project, actions, trans } = props;
  const { name } = project;
  const members = useReading(React.useCallback(() => membersOf(session, name), [session, name]));
  return (
    <section aria-label={trans.__('Members')}>
      <div className="sub-SectionHead">
        <h2>{trans.__('Members')}</h2>
        <TextButton onClick={() => actions.share(name)}>
          {may(project, 'grant:write') ? trans.__('Share…') : trans.__('Members…')}
        </TextButton>
      </div>
      <Waiting reading={members} loading={trans.__('Loading members…')} trans={trans}>
        {grants => (
          <ul className="sub-Rows" aria-label={trans.__('Members')}>
            {grants.map(({ subject, role, known }) => (
              <li key={`${subject} ${role}`}>
                <Who
                  subject={subject}
                  note={known ? null : trans.__('has not been here yet')}
                  trans={trans}
                />
                <span className="sub-Chip">
                  {role ? roleWord(role, trans) : trans.__('Emergency')}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Waiting>
    </section>
  );
}
