/** In happy-dom the document is no `Document`, by which the lab's design system tells it apart. */
globalThis.Document = document.constructor;
