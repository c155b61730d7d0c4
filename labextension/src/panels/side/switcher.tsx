/**
 * Which project one works in, and the way to another: a button that opens a list with a search,
 * by the book of ARIA's combobox. Props only.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Project } from '../../api/types';
import { projectStateWord, standingWord } from '../../components/projectwords';
import { found } from '../../models/search';

export interface SwitcherProps {
  projects: readonly Project[];
  current: Project | null;
  user: string;
  onSelect: (name: string) => void;
  onNew: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function Switcher(props: SwitcherProps): React.ReactElement {
  const { current, user, trans } = props;
  const [open, setOpen] = React.useState(false);
  const root = React.useRef<HTMLDivElement>(null);
  const button = React.useRef<HTMLButtonElement>(null);
  const close = (focus: boolean) => {
    setOpen(false);
    if (focus) {
      button.current?.focus();
    }
  };
  const title = current?.title ?? trans.__('Loading…');
  const standing = current && standingWord(current, user, trans);
  return (
    <div
      className="sub-Switcher"
      ref={root}
      onBlur={event => {
        if (!root.current?.contains(event.relatedTarget)) {
          setOpen(false);
        }
      }}
    >
      <button
        type="button"
        ref={button}
        className="sub-Switcher-button"
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-label={trans.__('Project: %1, %2. Change project', title, standing ?? '')}
        title={current?.name}
        onClick={() => setOpen(!open)}
      >
        <span className="sub-Switcher-title">{title}</span>
        {standing && <span className="sub-Chip">{standing}</span>}
        <Icon icon={caretDownIcon} />
      </button>
      {open && <Choice {...props} onClose={close} />}
    </div>
  );
}

function Icon({ icon: { react: Shape } }: { icon: LabIcon }): React.ReactElement {
  return <Shape tag="span" className="sub-Switcher-icon" width="16px" height="16px" />;
}

function Choice(props: SwitcherProps & { onClose: (focus: boolean) => void }): React.ReactElement {
  const { projects, current, onSelect, onNew, onClose, trans } = props;
  const id = React.useId();
  const [text, setText] = React.useState('');
  const [position, setPosition] = React.useState(0);
  const matching = found(projects, text);
  const at = Math.min(position, matching.length);
  const choose = (index: number) => {
    onClose(true);
    if (index < matching.length) {
      onSelect(matching[index].name);
    } else {
      onNew();
    }
  };
  const pressed = (event: React.KeyboardEvent) => {
    const moves: { [key: string]: () => void } = {
      ArrowDown: () => setPosition((at + 1) % (matching.length + 1)),
      ArrowUp: () => setPosition((at + matching.length) % (matching.length + 1)),
      Enter: () => choose(at),
      Escape: () => onClose(true)
    };
    if (moves[event.key]) {
      event.preventDefault();
      event.stopPropagation();
      moves[event.key]();
    }
  };
  return (
    <div className="sub-Switcher-popup" onKeyDown={pressed}>
      <input
        type="text"
        className="jp-mod-styled"
        role="combobox"
        aria-expanded="true"
        aria-autocomplete="list"
        aria-controls={`${id}-list`}
        aria-activedescendant={`${id}-${at}`}
        aria-label={trans.__('Find a project')}
        placeholder={trans.__('Find a project')}
        value={text}
        ref={focused}
        onChange={event => {
          setText(event.target.value);
          setPosition(0);
        }}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={trans.__('Projects')}>
        {matching.map((project, index) => (
          <Option
            key={project.name}
            id={`${id}-${index}`}
            active={index === at}
            selected={project.name === current?.name}
            onChoose={() => choose(index)}
          >
            <Entry {...props} project={project} />
          </Option>
        ))}
        <Option
          id={`${id}-${matching.length}`}
          active={at === matching.length}
          selected={false}
          onChoose={() => choose(matching.length)}
        >
          <span className="sub-Switcher-new">{trans.__('New project…')}</span>
        </Option>
      </ul>
    </div>
  );
}

function Option(props: {
  id: string;
  active: boolean;
  selected: boolean;
  onChoose: () => void;
  children: React.ReactNode;
}): React.ReactElement {
  const { id, active, selected, onChoose, children } = props;
  const element = React.useRef<HTMLLIElement>(null);
  React.useEffect(() => {
    if (active) {
      element.current?.scrollIntoView?.({ block: 'nearest' });
    }
  }, [active]);
  return (
    <li
      id={id}
      ref={element}
      role="option"
      aria-selected={selected}
      className={active ? 'sub-mod-active' : undefined}
      // The search keeps the focus: a click must not take it away before it counts.
      onMouseDown={event => event.preventDefault()}
      onClick={onChoose}
    >
      {children}
    </li>
  );
}

function Entry(props: SwitcherProps & { project: Project }): React.ReactElement {
  const { project, user, trans } = props;
  const words = [
    standingWord(project, user, trans),
    projectStateWord(project.state, trans),
    project.title === project.name ? null : project.name
  ];
  return (
    <>
      <span className="sub-Switcher-title">{project.title}</span>
      <span className="sub-Switcher-note">{words.filter(Boolean).join(' · ')}</span>
    </>
  );
}

function focused(input: HTMLInputElement | null): void {
  input?.focus();
}
