/**
 * A dialog over the lab that stays open while people work in it: the browser's own modal, which
 * keeps the focus inside and gives it back. (The lab's `Dialog` ends at the first Enter.)
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, ReactWidget } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import * as React from 'react';
import { IconButton } from './basics';

export interface ModalOptions {
  title: string;
  /** What stands in it; `close` ends the dialog. */
  body: (close: () => void) => React.ReactElement;
  trans: TranslationBundle;
}

/** Show it; the answer ends it. */
export function openModal(options: ModalOptions): Widget {
  const close = () => {
    // Closed before it goes, so that the browser gives the focus back.
    widget.node.querySelector('dialog')?.close();
    widget.dispose();
  };
  const widget = ReactWidget.create(<Modal {...options} onClose={close} />);
  widget.addClass('sub-ModalHost');
  Widget.attach(widget, document.body);
  return widget;
}

function Modal(props: ModalOptions & { onClose: () => void }): React.ReactElement {
  const { title, body, trans, onClose } = props;
  const dialog = React.useRef<HTMLDialogElement>(null);
  const heading = React.useId();
  React.useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // The browser would begin at the button that closes.
    element?.querySelector<HTMLElement>('[data-first-focus]')?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="sub-Modal sub-Main"
      aria-labelledby={heading}
      onCancel={event => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className="sub-Modal-head">
        <h1 id={heading}>{title}</h1>
        <IconButton icon={closeIcon} name={trans.__('Close')} onClick={onClose} />
      </div>
      {body(onClose)}
    </dialog>
  );
}
