const unsafe = /^(?:gbk|gb2312|gb18030|big5|sjis|cp932)$/i;

/**
 * In these a byte that ASCII has for a quote or a backslash may be the second half of a character. What a client escapes in
 * one of them is not what is read as UTF-8, nor the other way round: a value could end its own quotes.
 */
export const isUnsafe = (charset: string): boolean => unsafe.test(charset);

/** All others that MySQL has, and a common slip. Other names mean something to browsers: `ms932` is sjis. */
const safe = new Set(
  (
    'armscii8 ascii binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 dec8 eucjpms euckr geostd8 greek hebrew hp8 ' +
    'keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman swe7 tis620 ucs2 ujis utf16 utf16le utf32 utf8 utf-8 ' +
    'utf8mb3 utf8mb4'
  ).split(' '),
);

/** What SET may name. */
export const isKnown = (charset: string): boolean => safe.has(charset.toLowerCase());
