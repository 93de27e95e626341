/** How the token of an AIKey looks, and where it is kept. */

/** What begins so is one of our tokens, or a mistake. */
export const TOKEN_PREFIX = 'rmk_';
/** 32 random bytes in base64url follow the prefix. */
export const TOKEN_BYTES = 32;
export const TOKEN = /^rmk_[A-Za-z0-9_-]{43}$/;
/** Of the Secret in which the operator writes it. */
export const TOKEN_SECRET_KEY = 'api-key';
