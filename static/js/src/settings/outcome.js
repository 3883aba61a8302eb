/** What a visitor is told when something was deleted, or was to be. */

/**
 * @param {import('../dom.js').Words} w
 * @param {{gone: string[], left: string[]}} swept
 * @param {string} before what is said first: with nothing before it, deleting was all that was asked for
 * @param {boolean} allowed whether what is allowed may come back
 */
export function outcome({ t }, { gone, left }, before, allowed) {
  return [
    before,
    gone.length
      ? t('deleted', { n: gone.length, names: gone.join(', ') })
      : before
        ? ''
        : t('nothing_deleted'),
    left.length ? t('undeleted', { names: left.join(', ') }) : '',
    before || !allowed ? '' : t('comes_back'),
    before && !gone.length && !left.length ? '' : t('elsewhere'),
  ]
    .filter(Boolean)
    .join(' ');
}
