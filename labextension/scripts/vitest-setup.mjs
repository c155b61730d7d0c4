/** happy-dom drops rules without properties; the lab's design system writes into such a rule. */
const { insertRule } = CSSStyleSheet.prototype;

CSSStyleSheet.prototype.insertRule = function (rule, index) {
  return insertRule.call(this, rule.replace('{}', '{--unused: 0}'), index);
};
