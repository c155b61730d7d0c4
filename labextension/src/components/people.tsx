/** People and teams as rows and chips, and the choice of a role. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { userIcon, usersIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Role } from '../api/types';
import { ROLES, roleSentence, roleWord, subjectOf } from './projectwords';

/** Who: a shape for a person or a team, the name, and what must be known about it. */
export function Who(props: {
  subject: string;
  note?: string | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { subject, note, trans } = props;
  const { kind, name } = subjectOf(subject);
  const Icon = kind === 'team' ? usersIcon : userIcon;
  const word = kind === 'team' ? trans.__('Team') : trans.__('Person');
  return (
    <span className="sub-Who">
      <span role="img" aria-label={word} title={word} className="sub-Who-icon">
        <Icon.react tag="span" width="16px" height="16px" />
      </span>
      <span className="sub-Who-words">
        <span className="sub-Who-name">{name}</span>
        {note && <span className="sub-Who-note">{note}</span>}
      </span>
    </span>
  );
}

/** The choice of a role. */
export function RoleSelect(props: {
  label: string;
  value: Role;
  onChange: (role: Role) => void;
  disabled?: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { label, value, onChange, disabled, trans } = props;
  return (
    <select
      className="jp-mod-styled"
      aria-label={label}
      title={roleSentence(value, trans)}
      value={value}
      disabled={disabled}
      onChange={event => onChange(event.target.value as Role)}
    >
      {ROLES.map(role => (
        <option key={role} value={role}>
          {roleWord(role, trans)}
        </option>
      ))}
    </select>
  );
}
