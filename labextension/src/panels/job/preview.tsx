/**
 * A look into one file that a job left. Whatever is in it, nothing of it runs: images are drawn
 * in an `img` as the type of their ending, everything else is text.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { FilePart } from '../../api/client';
import type { Artifact } from '../../api/types';
import { IconButton, Message, TextButton } from '../../components/basics';
import { useAnswer } from '../../components/hooks';
import { bytes } from '../../components/words';
import { cellsOf, imageType, kindOf, textOf, type PreviewKind } from '../../models/preview';
import { NotebookPreview } from './notebookpreview';
import { TablePreview } from './tablepreview';

export interface PreviewProps {
  file: Artifact;
  open: (path: string, most: number) => Promise<FilePart>;
  onOpen: (path: string) => void;
  onClose: () => void;
  trans: TranslationBundle;
}

const KIB = 1024;
/** Bytes that are read first; an image or a notebook is of use only as a whole. */
const FIRST: { readonly [kind in PreviewKind]: number } = {
  image: 32 * KIB * KIB,
  notebook: 16 * KIB * KIB,
  json: 1024 * KIB,
  table: 1024 * KIB,
  text: 256 * KIB
};
/** Bytes of text that are ever held for a look. */
const MOST = 32 * KIB * KIB;

/** See the module's comment. */
export function Preview(props: PreviewProps): React.ReactElement {
  const { file, onOpen, onClose, trans } = props;
  const kind = kindOf(file.path);
  const [most, setMost] = React.useState(FIRST[kind]);
  const read = useReader(props, most);
  const { value: part, problem } = useAnswer(read);
  const more = kind !== 'image' && most < Math.min(file.size, MOST);
  return (
    <section className="sub-Preview" aria-label={trans.__('Look into %1', file.path)}>
      <div className="sub-Preview-head">
        <strong>{file.path}</strong>
        {kind === 'notebook' && (
          <TextButton onClick={() => onOpen(file.path)}>{trans.__('Open a copy')}</TextButton>
        )}
        <IconButton icon={closeIcon} name={trans.__('Close the preview')} onClick={onClose} />
      </div>
      {part ? (
        <Content {...props} kind={kind} part={part} />
      ) : (
        <Message kind={problem === null ? 'loading' : 'failed'}>
          {problem ?? trans.__('Loading…')}
        </Message>
      )}
      {more && part && (
        <div className="sub-Preview-more">
          {trans.__('The first %1 of %2.', bytes(part.bytes.length), bytes(file.size))}
          <TextButton onClick={() => setMost(Math.min(most * 4, MOST))}>
            {trans.__('Show more')}
          </TextButton>
        </div>
      )}
    </section>
  );
}

interface ContentProps extends PreviewProps {
  kind: PreviewKind;
  part: FilePart;
}

/** The same for as long as the same is asked for: `open` is new each time. */
function useReader({ file, open }: PreviewProps, most: number): () => Promise<FilePart> {
  const opening = React.useRef(open);
  return React.useCallback(() => opening.current(file.path, most), [file.path, most]);
}

function Content(props: ContentProps): React.ReactElement {
  const { file, kind, part, trans } = props;
  if (kind === 'image') {
    return <ImagePreview {...props} />;
  }
  const text = textOf(part.bytes);
  if (text === null) {
    return (
      <Message kind="empty">
        {trans.__('This is no text, image or table: download it to look at it.')}
      </Message>
    );
  }
  if (text === '') {
    return <Message kind="empty">{trans.__('The file is empty.')}</Message>;
  }
  const cut = part.bytes.length < file.size;
  switch (kind) {
    case 'table':
      return <TablePreview path={file.path} text={text} cut={cut} trans={trans} />;
    case 'notebook': {
      const cells = cellsOf(text);
      return cells ? <NotebookPreview cells={cells} trans={trans} /> : <Text text={text} />;
    }
    default:
      return <Text text={kind === 'json' && !cut ? indented(text) : text} />;
  }
}

function Text({ text }: { text: string }): React.ReactElement {
  return (
    <pre className="sub-Preview-text" tabIndex={0}>
      {text}
    </pre>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function ImagePreview(props: ContentProps): React.ReactElement {
  const { file, part, trans } = props;
  const [broken, setBroken] = React.useState(false);
  const url = useUrl(part.bytes, imageType(file.path));
  if (part.bytes.length < file.size) {
    return (
      <Message kind="empty">
        {trans.__('This image is too large for a look (%1): download it.', bytes(file.size))}
      </Message>
    );
  }
  if (broken) {
    return (
      <Message kind="failed">{trans.__('This is not an image that a browser can draw.')}</Message>
    );
  }
  return (
    <div className="sub-Preview-image">
      <img src={url} alt={file.path} onError={() => setBroken(true)} />
    </div>
  );
}

/** An address of these bytes, for as long as they are shown. */
function useUrl(content: Uint8Array<ArrayBuffer>, type: string): string {
  const url = React.useMemo(
    () => URL.createObjectURL(new Blob([content], { type })),
    [content, type]
  );
  React.useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return url;
}
