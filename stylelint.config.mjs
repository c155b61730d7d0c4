/** JupyterLab's own class names (jp-…) and ours (sub-…, BEM-like with jp-mod- modifiers). */
export default {
  extends: ['stylelint-config-standard'],
  rules: {
    'selector-class-pattern': '^((jp|sub|u|lm)-[A-Za-z0-9-]+|uplot)$',
    'custom-property-pattern': '^(jp|sub)-[a-z0-9-]+$',
    'declaration-no-important': true,
    // Sides are named by reading direction, so that the views also work from right to left.
    'property-disallowed-list': ['/^(margin|padding|border)-(left|right)/', 'left', 'right'],
    'declaration-property-value-disallowed-list': { 'text-align': ['left', 'right'] },
    'rule-empty-line-before': null,
    'no-descending-specificity': null
  }
};
