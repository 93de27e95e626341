/** Of what Google's methods of embedding have in common and no other API, as dialects and as wires. */
export const API_ID = 'google-embed';
