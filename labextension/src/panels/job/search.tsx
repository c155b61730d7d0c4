/** The field above a log that looks through all of it. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownEmptyThinIcon,
  caretUpEmptyThinIcon,
  caseSensitiveIcon,
  searchIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton } from '../../components/basics';
import { locale } from '../../components/locale';
import { useRested, useSignal } from '../../components/hooks';
import type { LogSearchModel } from '../../models/logsearch';

export interface SearchProps {
  model: LogSearchModel;
  field: React.RefObject<HTMLInputElement>;
  /** Back to the log. */
  onLeave: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function LogSearch({ model, field, onLeave, trans }: SearchProps): React.ReactElement {
  useSignal(model.changed);
  const [text, setText] = React.useState(model.text);
  const rested = useRested(text, 250);
  React.useEffect(() => {
    if (rested !== model.text) {
      void model.find(rested, model.case);
    }
  }, [rested, model]);
  const go = (back: boolean) => {
    const move = () => (back ? model.previous() : model.next());
    void (text === model.text ? move() : model.find(text, model.case));
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      go(event.shiftKey);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      setText('');
      void model.find('', model.case);
      onLeave();
    }
  };
  return (
    <div className="sub-LogSearch" role="search" aria-label={trans.__('Search in the log')}>
      <searchIcon.react tag="span" className="sub-LogSearch-icon" width="16px" height="16px" />
      <input
        ref={field}
        type="text"
        className="jp-mod-styled"
        value={text}
        maxLength={256}
        spellCheck={false}
        placeholder={trans.__('Search the whole log')}
        aria-label={trans.__('Search the whole log')}
        onChange={event => setText(event.target.value)}
        onKeyDown={pressed}
      />
      <span className="sub-LogSearch-count" role="status">
        {counted(model, trans)}
      </span>
      <button
        type="button"
        className="jp-Button jp-mod-minimal sub-IconButton"
        aria-pressed={model.case}
        title={trans.__('Match case')}
        aria-label={trans.__('Match case')}
        onClick={() => void model.find(text, !model.case)}
      >
        <caseSensitiveIcon.react tag="span" width="16px" height="16px" />
      </button>
      <IconButton
        icon={caretUpEmptyThinIcon}
        name={trans.__('Previous match')}
        onClick={() => go(true)}
      />
      <IconButton
        icon={caretDownEmptyThinIcon}
        name={trans.__('Next match')}
        onClick={() => go(false)}
      />
    </div>
  );
}

/** `3 of 120+`: a plus while not all has been looked through. */
function counted(model: LogSearchModel, trans: TranslationBundle): string {
  const { text, count, complete, busy, problem, current } = model;
  if (text === '') {
    return '';
  }
  if (problem) {
    return problem;
  }
  if (count === 0) {
    return complete && !busy ? trans.__('no match') : trans.__('searching…');
  }
  const number = count.toLocaleString(locale());
  return trans.__('%1 of %2', current + 1, complete ? number : `${number}+`);
}
