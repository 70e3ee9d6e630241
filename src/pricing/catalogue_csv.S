/* The text of catalogue.csv inside the program; see catalogue_csv() in built_in_prices.cpp. */
    .section .rodata
    .global steno_catalogue_csv_begin
    .global steno_catalogue_csv_end
    .balign 16
steno_catalogue_csv_begin:
    .incbin STENO_CATALOGUE_CSV
steno_catalogue_csv_end:
    .section .note.GNU-stack, "", %progbits
