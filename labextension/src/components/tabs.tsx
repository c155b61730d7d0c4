/** Tabs by the book: arrow keys move, one tab is in the tab order, panels are named. */
import * as React from 'react';

export interface TabsProps {
  id: string;
  label: string;
  names: { readonly [tab: string]: string };
  current: string;
  onChange: (tab: string) => void;
  children: React.ReactNode;
}

/** See the module's comment. */
export function Tabs(props: TabsProps): React.ReactElement {
  const { id, label, names, current, onChange, children } = props;
  const keys = Object.keys(names);
  const pressed = (event: React.KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step !== 0) {
      const next = (keys.indexOf(current) + step + keys.length) % keys.length;
      onChange(keys[next]);
      event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
    }
  };
  return (
    <div className="sub-Tabs">
      <div role="tablist" aria-label={label} className="sub-Tabs-bar" onKeyDown={pressed}>
        {keys.map(key => (
          <button
            key={key}
            type="button"
            role="tab"
            id={`${id}-${key}-tab`}
            aria-selected={key === current}
            aria-controls={`${id}-panel`}
            tabIndex={key === current ? 0 : -1}
            onClick={() => onChange(key)}
          >
            {names[key]}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`${id}-panel`}
        className="sub-Tabs-panel"
        aria-labelledby={`${id}-${current}-tab`}
      >
        {children}
      </div>
    </div>
  );
}
