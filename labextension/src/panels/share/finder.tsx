/** Finds people and teams as one types; a name that nobody knows yet may be given, too. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { useRested } from '../../components/hooks';
import { Who } from '../../components/people';
import { candidates, type Candidate } from '../../models/candidates';
import type { SharingApi } from '../../api/sharing';

export interface FinderProps {
  sharing: SharingApi;
  label: string;
  /** Whether teams are offered, too. */
  teams: boolean;
  /** Whether it takes the focus when it appears. */
  focused?: boolean;
  /** Subjects that need not be offered any more. */
  taken: readonly string[];
  value: Candidate | null;
  onChange: (candidate: Candidate | null) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function Finder(props: FinderProps): React.ReactElement {
  const { label, value, onChange, trans } = props;
  const id = React.useId();
  const [text, setText] = React.useState('');
  const [position, setPosition] = React.useState(0);
  const { items, problem } = useCandidates(props, text);
  const open = value === null && text.trim() !== '';
  const at = Math.min(position, items.length - 1);
  const choose = (candidate: Candidate) => {
    onChange(candidate);
    setText(candidate.name);
  };
  const pressed = (event: React.KeyboardEvent) => {
    const moves: { [key: string]: () => void } = {
      ArrowDown: () => setPosition((at + 1) % items.length),
      ArrowUp: () => setPosition((at + items.length - 1) % items.length),
      Enter: () => choose(items[at]),
      Escape: () => setText('')
    };
    if (open && items.length > 0 && moves[event.key]) {
      event.preventDefault();
      event.stopPropagation();
      moves[event.key]();
    }
  };
  return (
    <div className="sub-Finder" onKeyDown={pressed}>
      <input
        type="text"
        className="jp-mod-styled"
        role="combobox"
        aria-expanded={open}
        aria-autocomplete="list"
        aria-controls={`${id}-list`}
        aria-activedescendant={open && at >= 0 ? `${id}-${at}` : undefined}
        aria-label={label}
        autoFocus={props.focused}
        data-first-focus
        placeholder={label}
        autoComplete="off"
        spellCheck={false}
        value={value?.name ?? text}
        onChange={event => {
          setText(event.target.value);
          setPosition(0);
          onChange(null);
        }}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={trans.__('People and teams')} hidden={!open}>
        {items.map((candidate, index) => (
          <li
            key={candidate.subject}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            className={index === at ? 'sub-mod-active' : undefined}
            onMouseDown={event => event.preventDefault()}
            onClick={() => choose(candidate)}
          >
            <Who subject={candidate.subject} note={noteOf(candidate, trans)} trans={trans} />
          </li>
        ))}
      </ul>
      {problem && <div role="alert">{problem}</div>}
    </div>
  );
}

function noteOf(candidate: Candidate, trans: TranslationBundle): string | null {
  if (!candidate.known) {
    return trans.__('has not been here yet');
  }
  return candidate.title === candidate.name ? null : candidate.title;
}

/** Whom the text means: asked for once one pauses, never shown for a text that was changed. */
function useCandidates(
  props: FinderProps,
  text: string
): { items: readonly Candidate[]; problem: string | null } {
  const { sharing, teams, taken } = props;
  const wanted = useRested(text.trim());
  const [found, setFound] = React.useState<{ text: string; items: readonly Candidate[] }>({
    text: '',
    items: []
  });
  const [problem, setProblem] = React.useState<string | null>(null);
  React.useEffect(() => {
    let current = wanted !== '';
    if (current) {
      candidates(sharing, wanted, teams).then(
        items => {
          if (current) {
            setFound({ text: wanted, items });
            setProblem(null);
          }
        },
        error => current && setProblem(String(error.message))
      );
    }
    return () => {
      current = false;
    };
  }, [sharing, wanted, teams]);
  const fits = found.text === text.trim();
  const items = fits ? found.items.filter(({ subject }) => !taken.includes(subject)) : [];
  return { items, problem };
}
