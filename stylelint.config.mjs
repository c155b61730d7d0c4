/** JupyterLab's own class names (jp-…) and ours (sub-…, BEM-like with jp-mod- modifiers). */
export default {
  extends: ['stylelint-config-standard'],
  rules: {
    'selector-class-pattern': '^((jp|sub|u|lm)-[A-Za-z0-9-]+|uplot)$',
    'custom-property-pattern': '^(jp|sub)-[a-z0-9-]+$',
    'declaration-no-important': true,
    'rule-empty-line-before': null,
    'no-descending-specificity': null
  }
};
